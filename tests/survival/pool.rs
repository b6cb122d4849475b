//! Runs wardens, many at once, and says what they found.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::support::{Folder, without_harness};

/// Wardens at once. Most cells wait most of the time, for time traps and shutdown policies of a second and more, so
/// this is far above the number of processors; with more of them on two processors, they get into each other's 2 s.
pub(crate) const AT_ONCE: usize = 16;

/// What a warden found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    cell: String,
    /// Processes, as the ledger counts them.
    started: usize,
    /// From the end of the origin until there was nothing left.
    gone: Option<Duration>,
    /// What was alive 2 s after the end of the origin.
    left: Vec<String>,
    /// Why the cell proves nothing.
    faults: Vec<String>,
    /// What origin and warden printed.
    output: String,
}

impl Found {
    /// Whether the cell came to what it was meant to, and nothing was left.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_valid() && self.left.is_empty()
    }

    /// By which names those that were left had reported.
    pub(crate) fn left_names(&self) -> impl Iterator<Item = &str> {
        self.left.iter().filter_map(|left| Some(left.split_once(',')?.0))
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.faults.is_empty() && (self.gone.is_some() || !self.left.is_empty())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.cell)?;
        for fault in &self.faults {
            writeln!(f, "  proves nothing: {fault}")?;
        }
        for left in &self.left {
            writeln!(f, "  survived: {left}")?;
        }
        if !self.is_valid() {
            for line in self.output.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev() {
                writeln!(f, "  | {line:.200}")?;
            }
        }
        write!(f, "  again: SURVIVAL_CELL={} cargo test --test survival", self.cell)
    }
}

/// Runs the cells, in this order, so many at once, and says what was found.
pub(crate) fn run(cells: &[String], at_once: usize) -> Vec<Found> {
    let pending = Mutex::new(cells.iter());
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once.min(cells.len()) {
            scope.spawn(|| {
                loop {
                    // Not held while the cell runs.
                    let cell = pending.lock().unwrap().next();
                    let Some(cell) = cell else { return };
                    let came_to = warden(cell);
                    found.lock().unwrap().push(came_to);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn warden(cell: &str) -> Found {
    let folder = Folder::new();
    folder.fifo("rows");
    let mut command = Command::new("env");
    // Whoever started us may have had them ignored, which is inherited; the origin may be sent one in its first moment.
    command.arg("--default-signal=TERM,INT,HUP,QUIT").arg(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "warden::warden", "--nocapture", "--test-threads=1"]);
    without_harness(&mut command).env("RUST_BACKTRACE", "0");
    let programs = programs();
    command.env("SURVIVAL_SERVER", &programs.server).env("SURVIVAL_LEADERLESS", &programs.leaderless);
    command.env("SURVIVAL_CELL", cell).env("SURVIVAL_LEDGER", folder.fifo("ledger"));
    let mut warden = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // As long as this is open somebody is interested.
    let interest = warden.stdin.take();
    let output = warden.wait_with_output().unwrap();
    drop(interest);
    let mut found = Found { cell: cell.to_owned(), ..Found::default() };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for line in text(&output.stdout).lines().filter_map(|line| line.strip_prefix("warden: ")) {
        match line.split_once(": ") {
            Some(("started", number)) => found.started = number.parse().unwrap(),
            Some(("gone", ms)) => found.gone = Some(Duration::from_millis(ms.parse().unwrap())),
            Some(("left", process)) => found.left.push(process.to_owned()),
            _ => found.faults.push(line.to_owned()),
        }
    }
    if !output.status.success() {
        found.faults.push(format!("its warden failed: {}\n{}", text(&output.stderr), text(&output.stdout)));
    }
    // Of thousands of cells some have printed megabytes.
    if !found.is_valid() {
        found.output = std::fs::read(folder.path("output")).map(|output| text(&output)).unwrap_or_default();
    }
    found
}

/// The one line: cells, processes, survivors, and what they were.
pub(crate) fn summary(found: &[Found], which: &str) -> String {
    let sum = |count: fn(&Found) -> usize| found.iter().map(count).sum();
    let slowest = found.iter().filter_map(|found| Some((found.gone?, &found.cell))).max();
    let (longest, cell) = slowest.map_or((Duration::ZERO, "none"), |(longest, cell)| (longest, cell));
    format!(
        "survival: {} cells, {} processes started, {} survived ({which}; gone after {:.2} s at the latest, {cell})",
        thousands(found.len()),
        thousands(sum(|found| found.started)),
        thousands(sum(|found| found.left.len())),
        longest.as_secs_f64(),
    )
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// Says it where the harness shows it even if the test passes.
pub(crate) fn say(text: &str) {
    // Not by a macro: those are captured.
    std::io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// The arguments with which cargo finds what it has built: nothing is compiled in a cell.
pub(crate) fn built() -> Vec<&'static str> {
    let mut arguments = vec!["--locked", "--offline"];
    if !cfg!(debug_assertions) {
        arguments.push("--release");
    }
    arguments
}

/// What the cells run besides this executable, built once.
struct Programs {
    /// A node that can be told to stay in its boot.
    server: PathBuf,
    leaderless: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        build(Command::new(cargo).args(["build", "--example", "server"]).args(built()).current_dir(package));
        let own = std::env::current_exe().unwrap();
        let server = own.parent().unwrap().parent().unwrap().join("examples/server");
        assert!(server.exists(), "no {}", server.display());
        let leaderless = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leaderless");
        let new = leaderless.with_extension(std::process::id().to_string());
        // What links Rust compiles C.
        let source = package.join("tests/survival/leaderless.c");
        build(Command::new("cc").args(["-pthread", "-o"]).args([&new, &source]));
        // Others may run it just now.
        std::fs::rename(&new, &leaderless).unwrap();
        Programs { server, leaderless }
    })
}

fn build(command: &mut Command) {
    let built = without_harness(command).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(built.status.success(), "{command:?}: {}", String::from_utf8_lossy(&built.stderr));
}
