//! Tests that hang, and interrupts, under each of the runners: stock libtest and `peer::main!()` below cargo, and nextest.
//!
//! An interrupt goes to all processes of a run at once, as a terminal sends it.

mod endings;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::support::{self, DEADLINE, Folder, Ran, ended, within, without_harness};
use rustix::process::{Pid, Signal, kill_process_group};

/// A run of the suites that hang, with a mark by which all of its processes are known.
struct Run {
    child: Child,
    /// What has begun, and hangs.
    begun: Receiver<String>,
    /// What is printed, as it comes: whether it is an error, and the line.
    printed: Receiver<(bool, String)>,
    ran: Ran,
    mark: String,
    _folder: Folder,
}

/// Cargo with these arguments, for these suites.
fn cargo(command: &[&str], suites: &[&str]) -> Command {
    // Who runs these tests in the background may ignore interrupts.
    let mut run = Command::new("env");
    run.arg("--default-signal=INT,TERM").arg(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    run.args(command).args(["--locked", "--offline"]);
    if !cfg!(debug_assertions) {
        run.arg("--release");
    }
    run.args(suites.iter().flat_map(|suite| ["--test", suite])).current_dir(env!("CARGO_MANIFEST_DIR"));
    without_harness(&mut run);
    run
}

/// Compiles the suites, so that nothing else waits for that.
fn compile() {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| {
        let mut build = cargo(&["test", "--no-run"], &["suite_hanging", "suite_hanging_stock"]);
        support::run(&mut build).passed();
    });
}

/// Starts cargo with these arguments; the last of them choose tests. With `slots` nothing else shares its budget, of one node.
fn start(command: &[&str], suites: &[&str], tests: &[&str], slots: Option<&Path>) -> Run {
    compile();
    let folder = Folder::new();
    let trace = folder.fifo("trace");
    let lines = std::fs::File::options().read(true).write(true).open(&trace).unwrap();
    let mark = peer::random_name("runner");
    let mut run = cargo(command, suites);
    run.args(tests).env("RUST_BACKTRACE", "0").env("MARK", &mark).env("TRACE", &trace);
    run.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = slots {
        run.env("XDG_RUNTIME_DIR", folder).env("PEER_JOBS", "1");
    }
    let mut child = run.spawn().unwrap();
    let (say, begun) = channel();
    read(lines, move |line| say.send(line).is_ok());
    let (say, printed) = channel();
    let say_error = say.clone();
    read(child.stdout.take().unwrap(), move |line| say.send((false, line)).is_ok());
    read(child.stderr.take().unwrap(), move |line| say_error.send((true, line)).is_ok());
    let ran = Ran { code: None, stdout: String::new(), stderr: String::new() };
    Run { child, begun, printed, ran, mark, _folder: folder }
}

/// Hands on lines as they come, on a thread of its own, until there are no more or nobody takes them.
fn read(from: impl Read + Send + 'static, say: impl FnMut(String) -> bool + Send + 'static) {
    thread::spawn(move || BufReader::new(from).lines().map_while(Result::ok).all(say));
}

fn stock(tests: &[&str]) -> Run {
    stock_with(None, tests)
}

fn own(tests: &[&str]) -> Run {
    own_with(None, tests)
}

fn stock_with(slots: Option<&Path>, tests: &[&str]) -> Run {
    start(&["test", "--quiet"], &["suite_hanging_stock"], &[&["--"], tests].concat(), slots)
}

fn own_with(slots: Option<&Path>, tests: &[&str]) -> Run {
    start(&["test", "--quiet"], &["suite_hanging"], &[&["--"], tests].concat(), slots)
}

/// Both suites, since nextest runs both kinds.
fn nextest(tests: &[&str]) -> Run {
    let command = ["nextest", "run", "--no-fail-fast", "--color=never"];
    start(&command, &["suite_hanging", "suite_hanging_stock"], tests, None)
}

impl Run {
    /// Waits until so many tests hang.
    fn hangs(&self, tests: usize) {
        for at in 0..tests {
            assert!(self.begun.recv_timeout(DEADLINE).is_ok(), "{at} of {tests} tests have begun");
        }
    }

    /// As Ctrl-C at its terminal.
    fn interrupt(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Waits until this is printed.
    fn says(&mut self, text: &str) {
        while !self.ran.text().contains(text) {
            assert!(self.hear(), "`{text}` was not printed:\n{}", self.ran.text());
        }
    }

    /// Waits for the next line; none comes when all who might print one have ended.
    fn hear(&mut self) -> bool {
        let (is_error, line) = match self.printed.recv_timeout(DEADLINE) {
            Ok(printed) => printed,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("the run has not ended:\n{}", self.ran.text()),
        };
        let of = if is_error { &mut self.ran.stderr } else { &mut self.ran.stdout };
        of.push_str(&line);
        of.push('\n');
        true
    }

    /// Waits for the end of everything: what it printed, up to the last word of its last process.
    fn ended(mut self) -> Ran {
        while self.hear() {}
        let Self { mut child, mark, mut ran, .. } = self;
        ran.code = within("the end of the runner", move || child.wait()).unwrap().code();
        nothing_is_left(&mark);
        ran
    }
}

/// No process whose environment has the mark outlives this.
fn nothing_is_left(mark: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let entry = format!("MARK={mark}\0").into_bytes();
    let is_marked = |pid: &u32| {
        // What has ended meanwhile, or belongs to somebody else, is none.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(entry.len()).any(|window| window == entry)
    };
    loop {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let left: Vec<u32> =
            all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_marked).collect();
        if left.is_empty() {
            return;
        }
        for pid in left {
            runtime.block_on(ended(pid));
        }
    }
}

/// Where a test of the suite is written.
fn place(module: &str, test: &str) -> String {
    let text = include_str!("suites/hanging/hanging.rs");
    let from = text.find(&format!("mod {module} {{")).unwrap();
    let at = from + text[from..].find(&format!("async fn {test}(")).unwrap();
    let line = text[..at].lines().count();
    format!("(tests/harness/suites/hanging/hanging.rs:{line}:14) did not end within its timetrap of 3s")
}

/// What is told of those that hang, whoever runs them.
fn says_where_they_were(ran: &Ran, suite: &str) {
    for test in ["awaits", "blocks"] {
        let place = place("with_a_limit", test);
        ran.says(&[&format!("peer test `hanging::with_a_limit::{test}` {place}")]);
    }
    ran.says(&[&format!("  in call:      `{suite}::hanging::never_answers`, for ")]);
    ran.says(&["its thread is still blocked 10s after its scope ended, and was abandoned"]);
}

#[test]
fn under_stock_libtest_the_others_finish_and_what_hangs_is_named() {
    let ran = stock(&["hanging::passes", "with_a_limit", "--format=pretty"]).ended().failed();
    ran.says(&["test hanging::passes ... ok", "test hanging::passes_too ... ok"]);
    ran.says(&["\n    hanging::with_a_limit::awaits\n    hanging::with_a_limit::blocks\n"]);
    ran.says(&["test result: FAILED. 2 passed; 2 failed; 0 ignored"]);
    says_where_they_were(&ran, "suite_hanging_stock");
}

#[test]
fn under_peer_main_the_others_finish_and_what_hangs_is_named() {
    let ran = own(&["hanging::passes", "with_a_limit"]).ended().failed();
    ran.says(&["test hanging::passes ... ok", "test hanging::passes_too ... ok"]);
    for test in ["awaits", "blocks"] {
        ran.says(&[&format!("test hanging::with_a_limit::{test} ... FAILED (timed out after 3s)")]);
        ran.says(&[&format!("\n    hanging::with_a_limit::{test}\n")]);
    }
    ran.says(&["test result: FAILED. 2 passed; 2 failed; 0 ignored"]);
    says_where_they_were(&ran, "suite_hanging");
}

#[test]
fn under_nextest_the_others_finish_and_what_hangs_is_named() {
    let ran = nextest(&["hanging::passes", "with_a_limit"]).ended();
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    for suite in ["suite_hanging", "suite_hanging_stock"] {
        says_where_they_were(&ran, suite);
        for (word, test) in [("PASS", "passes"), ("FAIL", "with_a_limit::awaits"), ("FAIL", "with_a_limit::blocks")] {
            let end = format!(" peer::{suite} hanging::{test}");
            let is_it = |line: &str| line.trim_start().starts_with(word) && line.ends_with(&end);
            assert!(ran.stderr.lines().any(is_it), "no `{word} ..{end}` in {}", ran.text());
        }
    }
    ran.says(&["8 tests run: 4 passed, 4 failed"]);
}

/// By suite and test, what nextest's own report says of why they failed; standard error is all that it knows that by.
fn reasons_by_nextest(suites: &[&str], tests: &[&str]) -> HashMap<String, String> {
    support::run(&mut cargo(&["test", "--no-run"], suites)).passed();
    let folder = Folder::new();
    let (config, report) = (folder.path("nextest.toml"), folder.path("junit.xml"));
    let profile = "[profile.reasons]\nleak-timeout = \"2s\"\n[profile.reasons.junit]\npath = ";
    std::fs::write(&config, format!("{profile}{report:?}\n")).unwrap();
    let command = ["nextest", "run", "--no-fail-fast", "--run-ignored=all", "--profile=reasons", "--config-file"];
    let mut run = cargo(&[&command[..], &[config.to_str().unwrap()]].concat(), suites);
    run.env("RUST_BACKTRACE", "0")
        .args(["-E", &tests.iter().map(|test| format!("test(={test})")).collect::<Vec<_>>().join(" + ")]);
    let ran = within("the end of nextest", move || support::run(&mut run));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    let text = std::fs::read_to_string(&report).unwrap();
    let attribute = |element: &str, name: &str| {
        let (_, value) = element.split_once(&format!(" {name}=\""))?;
        Some(value.split_once('"')?.0.to_owned())
    };
    let cases = text.split("<testcase").skip(1).map(|case| {
        let (case, failure) = case.split_once("<failure").unwrap_or((case, ""));
        let name = format!("{} {}", attribute(case, "classname").unwrap(), attribute(case, "name").unwrap());
        (name, attribute(failure.split('>').next().unwrap_or_default(), "message").unwrap_or_default())
    });
    cases.collect()
}

#[test]
fn failures_that_are_no_panics_are_told() {
    let both = [
        (
            "cases::fails_at_question_mark",
            "Error: peer test `cases::fails_at_question_mark` failed at tests/harness/suites/cases/cases.rs:",
        ),
        ("cases::fails_at_question_mark", ": invalid digit found in string"),
        ("cases::fails_in_a_call", "` failed: panicked at tests/harness/suites/cases/cases.rs:16:5: a remote panic"),
        ("cases::fails_by_assertion", "panicked at tests/harness/suites/cases/cases.rs:"),
        ("cases::is_taken_down_by_a_peer", ") was taken down by a linked peer: "),
        ("cases::takes_too_long", ") did not end within its timetrap of 3s"),
        ("cases::takes_too_long_to_panic", ") did not end within its timetrap of 300ms"),
        ("cases::does_not_panic", "did not panic as expected"),
    ];
    let groups = [
        ("verdicts::leaks", ") left a process behind, ended now, and is marked "),
        (
            "inits::fails::is_skipped",
            "Error: `inits::fails::init_per_group` failed at tests/harness/suites/groups/inits.rs:",
        ),
        ("inits::hangs::is_skipped", ") failed: it did not end within its timetrap of 500ms"),
        ("everywhere::fails_in_one_rank", ": invalid digit found in string; ranks 0 and 2 were still running"),
        ("crashes::between_tests::takes_it_down", "::init_per_group` failed, since a linked peer went down: "),
    ];
    let hanging = [("hanging::exits", "Error: `hanging::exits` has ended this process, by `exit`")];
    let of: [(&str, &[(&str, &str)]); 5] = [
        ("harness", &both),
        ("suite_main", &both),
        ("suite_groups", &groups),
        ("suite_hanging", &hanging),
        ("suite_hanging_stock", &hanging),
    ];
    let tests: Vec<&str> = of.iter().flat_map(|(_, told)| told.iter().map(|(test, _)| *test)).collect();
    let found = reasons_by_nextest(&of.map(|(suite, _)| suite), &tests);
    for (suite, told) in of {
        for (test, reason) in told {
            let message = &found[&format!("peer::{suite} {test}")];
            assert!(message.contains(reason), "`{reason}` is missing in what is told of {suite} {test}: `{message}`");
        }
    }
}

#[test]
fn under_nextest_a_test_of_a_sequence_that_fails_says_that_it_ran_alone() {
    support::run(&mut cargo(&["test", "--no-run"], &["suite_groups"])).passed();
    let mut run = cargo(&["nextest", "run", "--no-fail-fast", "--color=never"], &["suite_groups"]);
    let (in_it, in_none) = ("sequence::breaks::breaks_it", "verdicts::fails");
    let ran = support::run(run.args(["-E", &format!("test(={in_it}) + test(={in_none})")]).env("RUST_BACKTRACE", "0"));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    let told = "  no quorum\n\n    ran alone: under nextest each test of a sequence has a process of its own, \
                and the 2 before it did not run in this one\n";
    ran.says(&[told]);
    assert_eq!(ran.text().matches("ran alone").count(), 1, "{}", ran.text());
}

/// Once for a reader, and once for nextest, which looks for a line of its own.
#[test]
fn under_nextest_a_panic_is_told_in_the_report_and_as_the_reason() {
    let suites = ["suite_main", "suite_groups"];
    support::run(&mut cargo(&["test", "--no-run"], &suites)).passed();
    let mut run = cargo(&["nextest", "run", "--no-fail-fast", "--run-ignored=all", "--color=never"], &suites);
    let tests = ["cases::fails_by_assertion", "panics::fails_for_a_task", "panics::catches_it"];
    run.args(["-E", &tests.map(|test| format!("test(={test})")).join(" + ")]);
    let ran = support::run(run.env("RUST_BACKTRACE", "0"));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    for (said, times) in [("three are a quorum", 2), ("the task ended badly", 2), ("of three\n", 1)] {
        assert_eq!(ran.text().matches(said).count(), times, "`{said}` in:\n{}", ran.text());
    }
    ran.says(&["s thread 'tokio-rt-worker' panicked at tests/harness/suites/groups/panics.rs:"]);
    // Where output is shown at once the report has the last of it, whatever panicked.
    ran.says(&["  last output:\n        | hello from a node: about to fail"]);
}

/// Waits until so many tests hang, interrupts them, and waits for the end.
fn interrupted(run: Run, tests: usize) -> Ran {
    run.hangs(tests);
    run.interrupt();
    run.ended()
}

/// The same, and once more when the first interrupt has had this effect.
fn interrupted_twice(mut run: Run, tests: usize, effect: &str) -> Ran {
    run.hangs(tests);
    run.interrupt();
    run.says(effect);
    run.interrupt();
    run.ended()
}

#[test]
fn an_interrupt_ends_stock_libtest_at_once() {
    let ran = interrupted(stock(&["without_one"]), 2);
    // As any other test executable, which has no say in it.
    assert!(ran.code.is_none() && !ran.text().contains("test result"), "{}", ran.text());
}

#[test]
fn an_interrupt_ends_peer_main_in_order_though_cargo_is_gone_at_once() {
    let ran = interrupted(own(&["without_one"]), 2);
    assert_eq!(ran.code, None, "{}", ran.text());
    for test in ["awaits", "blocks"] {
        ran.says(&[&format!("test hanging::without_one::{test} ... FAILED (interrupted)")]);
        ran.says(&[&format!("peer test `hanging::without_one::{test}` was interrupted")]);
    }
    ran.says(&["  in call:      `suite_hanging::hanging::never_answers`, for ", "its thread is still blocked 1s"]);
    ran.says(&["interrupted: what runs is being ended, in order; a second interrupt ends it at once"]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 2 failed"]);
}

#[test]
fn an_interrupt_ends_peer_main_in_time_whatever_blocks_its_threads() {
    let ran = interrupted(own(&["ends_block"]), 1);
    assert_eq!(ran.code, None, "{}", ran.text());
    for group in ["", "::two", "::two::three", "::two::three::four"] {
        let end = format!("hanging::ends_block{group}::end_per_group");
        ran.says(&[&format!("test {end} ... FAILED (timed out after ")]);
        ran.says(&[&format!("`{end}` (tests/harness/suites/hanging/hanging.rs:")]);
    }
    let end = "`hanging::ends_block::two::three::four::end_per_testcase`";
    ran.says(&[
        &format!("{end} (tests/harness/suites/hanging/hanging.rs:"),
        &format!("the thread of {end} is still blocked 1s after"),
    ]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 5 failed"]);
}

#[test]
fn an_interrupt_ends_peer_main_in_time_whatever_time_its_nodes_have() {
    let ran = interrupted(own(&["has_a_node_that_does_not_stop"]), 1);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 1 failed"]);
}

#[test]
fn a_second_interrupt_ends_peer_main_at_once() {
    let effect = "test hanging::without_one::awaits ... FAILED (interrupted)";
    let ran = interrupted_twice(own(&["ends_block", "without_one::awaits"]), 2, effect);
    assert!(!ran.text().contains("test result"), "{}", ran.text());
    let running = "`hanging::ends_block::two::three::four::blocks` was running";
    ran.says(&[&format!("\npeer: interrupted again, and ended at once: 1 of 2 tests done, 1 failed, {running}\n")]);
    ran.says(&["\nfailures until then:\n\n---- hanging::without_one::awaits ----\n"]);
}

#[test]
fn an_interrupt_ends_what_nextest_runs() {
    let ran = interrupted(nextest(&["without_one"]), 2);
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    ran.says(&["interrupt: 2 tests still running", "2/4 tests run: 0 passed, 2 failed"]);
}

#[test]
fn a_second_interrupt_ends_what_nextest_runs_at_once() {
    let ran = interrupted_twice(nextest(&["without_one"]), 2, "interrupt: 2 tests still running");
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    ran.says(&["2/4 tests run: 0 passed, 2 failed"]);
}

#[test]
fn who_waits_for_other_runs_is_told_for_whom() {
    let folder = Folder::new();
    let (slots, tests) = (folder.path("slots"), ["hanging::passes", "--exact"]);
    std::fs::create_dir(&slots).unwrap();
    let holder = own_with(Some(&slots), &["without_one::awaits"]);
    holder.hangs(1);
    let (mut own, mut stock) = (own_with(Some(&slots), &tests), stock_with(Some(&slots), &tests));
    own.says("test hanging::passes has been waiting for 10s for 1 of the 1 slots that all runs of this user share");
    stock.says("peer: test hanging::passes has been waiting for 10s for 1 of the 1 slots");
    for waiting in [&mut own, &mut stock] {
        waiting.says("`suite_hanging` (os pid ");
        waiting.says(") holds 1\n");
    }
    holder.interrupt();
    holder.ended();
    own.ended().passed().says(&["test hanging::passes ... ok"]);
    stock.ended().passed().says(&["1 passed"]);
}
