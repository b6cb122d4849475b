//! Output under stock libtest and nextest, which capture what the thread of a test prints, and nothing else.

use std::io::stderr;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use super::live::Live;
use super::paint::Paint;
use crate::scope::{Line, Show};

/// Where nothing is captured.
static PAINT: LazyLock<Paint> = LazyLock::new(|| Paint::choose(None, &stderr()));

static LIVE: LazyLock<Live> = LazyLock::new(|| {
    let live = Live::default();
    let shows = live.clone();
    // Without a thread it is printed when a test has ended.
    drop(thread::Builder::new().name("output".to_owned()).spawn(move || {
        while shows.wait() {
            print(&shows);
        }
    }));
    live
});

/// What prints the output of nodes at once, where nothing is captured.
pub(super) fn at_once() -> Option<Show> {
    is_live().then(|| LIVE.of(""))
}

/// Prints what was to be printed at once, and waits to be.
pub(super) fn catch_up() {
    if is_live() {
        print(&LIVE);
    }
}

/// Prints the output of a test that passed, where that is asked for.
pub(super) fn if_wanted(console: &[Line]) {
    if has_argument(&["--show-output"]) && !is_live() {
        console.iter().for_each(|line| show(&line.to_string()));
    }
}

/// Prints on the calling thread, where libtest captures it, and so without colours: nobody knows where they would come to.
pub(super) fn show(text: &str) {
    show_in(Paint::PLAIN, text);
}

#[expect(clippy::print_stderr, reason = "only this macro is captured by libtest; `writeln!` to standard error is not")]
fn show_in(paint: Paint, text: &str) {
    eprintln!("{}", paint.sanitize(text));
}

fn print(live: &Live) {
    static ORDER: Mutex<()> = Mutex::new(());
    let _order = ORDER.lock().unwrap_or_else(PoisonError::into_inner);
    live.take().for_each(|shown| show_in(*PAINT, &shown.line));
}

fn is_live() -> bool {
    has_argument(&["--nocapture", "--no-capture"]) || is_asked_for()
}

/// Whether the environment asks for output at once, as libtest reads it.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0")
}

fn has_argument(names: &[&str]) -> bool {
    std::env::args_os().skip(1).any(|argument| names.iter().any(|name| argument == *name))
}
