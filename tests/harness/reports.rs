//! What a run writes for other programs, and shows on a terminal: the suite `suite_main`, run as a user would.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use crate::suite::{self, executable};
use crate::support::{self, Folder, Ran, command, run, says, within, without_harness};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

/// The executable under `peer::main!()`.
fn suite() -> PathBuf {
    executable("suite_main")
}

fn ran(arguments: &[&str]) -> Ran {
    run(command(suite()).args(arguments))
}

/// Each line is an object.
fn events(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn json_lines_tell_every_event() {
    let arguments = ["--include-ignored", "--exact", "cases::fails_by_assertion", "cases::passes", "--format", "json"];
    let ran = ran(&arguments).failed();
    let events = events(&ran);
    let of = |kind: &str, event: &str| -> Vec<&Value> {
        events.iter().filter(|one| one["type"] == kind && one["event"] == event).collect()
    };
    assert_eq!(events[0]["type"], "suite");
    assert_eq!(events[0]["test_count"], 2);
    assert_eq!(of("test", "started").len(), 2);
    assert_eq!(of("test", "ok")[0]["name"], "cases::passes");
    assert_eq!(of("test", "ok")[0]["output"].as_array().unwrap().len(), 0, "nothing from passing tests");
    let failed = of("test", "failed")[0];
    assert_eq!(failed["name"], "cases::fails_by_assertion");
    assert!(failed["cause"].as_str().unwrap().contains("three are a quorum"));
    assert_eq!(failed["nodes"][0]["state"], "down: stopped by its origin");
    assert_eq!(failed["output"][0]["text"], "hello from a node: about to fail");
    let ended = events.last().unwrap();
    assert_eq!((&ended["type"], &ended["event"]), (&Value::from("suite"), &Value::from("failed")));
    assert_eq!((&ended["passed"], &ended["failed"]), (&Value::from(1), &Value::from(1)));
}

#[test]
fn the_list_is_json_too() {
    let ran = ran(&["--list", "--format", "json", "--exact", "cases::passes", "cases::fails_by_assertion"]).passed();
    let events = events(&ran);
    let told: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["discovery", "discovered", "discovered", "completed"]);
    let (passing, failing) = (&events[1], &events[2]);
    assert_eq!((&failing["name"], &failing["ignore"]), (&Value::from("cases::fails_by_assertion"), &Value::from(true)));
    assert_eq!((&passing["name"], &passing["ignore"]), (&Value::from("cases::passes"), &Value::from(false)));
    assert_eq!((&events[3]["tests"], &events[3]["ignored"]), (&Value::from(2), &Value::from(1)));
}

/// Stock libtest's readers would stumble over anything else on standard output.
#[test]
fn lines_of_nodes_are_events_too() {
    let ran = ran(&["--exact", "cases::passes", "--format", "json", "--nocapture"]).passed();
    let events = events(&ran);
    let lines: Vec<&Value> = events.iter().filter(|event| event["type"] == "output").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["text"].as_str().unwrap().ends_with("| hello from a node: passing")));
}

#[test]
fn a_junit_report_is_written_and_valid() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let arguments = ["--include-ignored", "--exact", "cases::fails_with_options", "cases::passes", "--junit"];
    run(command(suite()).args(arguments).arg(&report)).failed();
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(
        text.contains("<testsuite name=\"suite_main\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"1\""),
        "{text}"
    );
    assert!(text.contains("frame_limit: 9999") && !text.contains("hidden"), "{text}");
    assert!(!text.contains("<property name=\"cases::passes: node"), "{text}");
}

/// What XML cannot say is left out.
#[test]
fn whatever_is_printed_and_said_a_junit_report_is_valid() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    run(&mut suite::suite("suite_groups", &["controls::", "--junit", report.to_str().unwrap()])).failed();
    let text = std::fs::read_to_string(&report).unwrap();
    for said in ["ERROR no disk\n", "no quorum", "seed 42", "no tun device here; but another one"] {
        assert!(text.contains(said), "`{said}` is missing in {text}");
    }
}

/// The executable of tests that end the whole process, under `peer::main!()`.
fn hanging() -> PathBuf {
    executable("suite_hanging")
}

/// The arguments for these of them.
fn crashing(tests: &[&str]) -> Vec<String> {
    let arguments = ["--ignored", "--exact", "--test-threads=1"].map(str::to_owned);
    arguments.into_iter().chain(tests.iter().map(|test| format!("crashing::{test}"))).collect()
}

#[test]
fn an_exit_before_any_result_is_in_a_junit_report_that_is_no_file() {
    let folder = Folder::new();
    let report = folder.fifo("report");
    let path = report.clone();
    let reader = thread::spawn(move || std::fs::read_to_string(path));
    let mut run_it = command(hanging());
    let arguments = [&crashing(&["catches_and_exits"])[..], &["--junit".to_owned()]].concat();
    // Its reader is there when it can be opened.
    let held = File::options().write(true).open(&report).unwrap();
    run(run_it.args(arguments).arg(&report)).failed();
    drop(held);
    let text = within("the reader", move || reader.join()).unwrap().unwrap();
    says(&text, &["<testcase name=\"the run has not ended\" classname=\"suite_hanging\" time=\"0.000\">"]);
}

/// Its reader is there, and stands still.
#[test]
fn an_exit_waits_for_no_reader_of_its_report() {
    let folder = Folder::new();
    let report = folder.fifo("report");
    let mut pipe = File::options().read(true).write(true).open(&report).unwrap();
    while poll(&mut [PollFd::new(&pipe, PollFlags::OUT)], Some(&Timespec::default())) == Ok(1) {
        pipe.write_all(&[b'x'; 4096]).unwrap();
    }
    let mut run = Command::new(hanging());
    run.args(crashing(&["catches_and_exits"])).arg("--junit").arg(&report);
    let child = without_harness(&mut run).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ran = Ran::new(&within("the end of the run", move || child.wait_with_output()).unwrap()).failed();
    ran.says(&[
        "the report cannot be written: nobody reads on",
        "`crashing::catches_and_exits` has ended this process",
    ]);
}

/// A pipe that takes so many pages more.
fn full_but_for(pages: usize) -> (PipeReader, PipeWriter) {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    while poll(&mut [PollFd::new(&writer, PollFlags::OUT)], Some(&Timespec::default())) == Ok(1) {
        writer.write_all(&[b'x'; 4096]).unwrap();
    }
    reader.read_exact(&mut vec![0; pages * 4096]).unwrap();
    (reader, writer)
}

/// The output of a run that a crash is to end.
#[track_caller]
fn aborted(mut run: Command) -> Ran {
    let child = without_harness(&mut run).spawn().unwrap();
    // Who reads what it writes sees its end.
    drop(run);
    let output = within("the end of the run", move || child.wait_with_output()).unwrap();
    let ran = Ran::new(&output);
    assert_eq!(output.status.signal(), Some(6), "{}", ran.text());
    ran
}

/// Whoever crashes tells for as long as somebody may read it; the run that passes meanwhile has not.
#[test]
fn a_crash_is_the_end_of_a_run_that_passes_meanwhile() {
    let (_reader, full) = full_but_for(0);
    let mut run = Command::new(hanging());
    run.args(crashing(&["passes_beside_an_abort"])).stdout(Stdio::piped()).stderr(full);
    let ran = aborted(run);
    assert!(!ran.stdout.contains("test result"), "{}", ran.stdout);
}

#[test]
fn an_exit_waits_for_nobody_who_does_not_read() {
    let (_reader, full) = full_but_for(0);
    let mut run = Command::new(hanging());
    run.args(crashing(&["catches_and_exits"])).stdout(Stdio::piped()).stderr(full);
    let child = without_harness(&mut run).spawn().unwrap();
    let ran = Ran::new(&within("the end of the run", move || child.wait_with_output()).unwrap()).failed();
    assert!(!ran.stdout.contains("test result"), "{}", ran.stdout);
}

#[test]
fn a_crash_is_told_though_something_exits_meanwhile() {
    // One of them for lines.
    let (mut reader, nearly_full) = full_but_for(2);
    let mut run = Command::new(hanging());
    run.args(crashing(&["fails_at_length", "exits_beside_an_abort"])).stdout(nearly_full).stderr(Stdio::piped());
    aborted(run).says(&["peer: this process crashes by SIGABRT, and with it the run: 1 of 2 tests done, 1 failed, "]);
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    says(told, &["crashing::fails_at_length ... FAILED\n", "failures until then:\n\n---- crashing::fails_at_length"]);
}

#[test]
fn a_crash_is_the_end_of_a_run_that_is_interrupted_twice_meanwhile() {
    let (_reader, nearly_full) = full_but_for(2);
    let mut run = Command::new("env");
    run.arg("--default-signal=INT").arg(hanging()).args(crashing(&["fails_at_length", "hangs_beside_an_abort"]));
    let mut child = without_harness(&mut run).stdout(nearly_full).stderr(Stdio::piped()).spawn().unwrap();
    let status = within("the end of the run", move || {
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(told.any(|line| line.contains("this process crashes by SIGABRT")));
        loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None => support::signal("INT", child.id()),
            }
        }
    });
    assert_eq!(status.signal(), Some(6), "{status}");
}

#[test]
fn a_signal_that_is_ignored_is_no_crash() {
    let mut ignored = command("sh");
    ignored.args(["-c", "trap '' ABRT; exec \"$0\" \"$@\""]).arg(hanging());
    let ran = run(ignored.args(crashing(&["is_sent_an_abort"]))).passed();
    assert!(!ran.text().contains("crashes"), "{}", ran.text());
}

/// Another process reads the report of a run that was killed, or ended by one of its tests.
#[test]
fn a_run_that_ends_by_a_test_leaves_a_junit_report_that_says_so() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let exits = ["--ignored", "--exact", "hanging::exits", "--junit", report.to_str().unwrap()];
    run(&mut suite::suite("suite_hanging", &exits)).failed().says(&["`hanging::exits` has ended this process"]);
    let text = std::fs::read_to_string(&report).unwrap();
    let told = "<testsuites name=\"suite_hanging: the run has not ended\" tests=\"0\" failures=\"0\" errors=\"1\"/>";
    assert_eq!(text.lines().nth(1), Some(told));
}

#[test]
fn what_had_a_result_before_an_exit_is_in_the_junit_report() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let tests = ["crashing::fails", "crashing::exits_on_a_worker"];
    let arguments = ["--ignored", "--exact", "--test-threads=1", "--junit", report.to_str().unwrap()];
    run(&mut suite::suite("suite_hanging", &[&arguments[..], &tests].concat())).failed();
    let text = std::fs::read_to_string(&report).unwrap();
    says(
        &text,
        &[
            "<testsuite name=\"suite_hanging\" tests=\"2\" skipped=\"0\" errors=\"1\" failures=\"1\"",
            "<testcase name=\"crashing::fails\"",
            "three are a quorum",
            "<testcase name=\"the run has not ended\" classname=\"suite_hanging\" time=\"0.000\">",
            "<error message=\"`crashing::exits_on_a_worker` has ended this process, by `exit`, and with it the run\" type=\"not ended\"/>",
        ],
    );
}

/// What a run says that cannot write this.
fn lost(what: &str) -> String {
    format!(
        "peer: {what} cannot be written: No space left on device (os error 28); this run fails for that: make room there, or \
         have it written elsewhere\n"
    )
}

/// A run of one test that passes, with these arguments, and nothing to be written on its standard output.
fn on_full(arguments: &[&str]) -> Ran {
    let full = File::options().write(true).open("/dev/full").unwrap();
    run_on(command(suite()).args(["--exact", "cases::passes"]).args(arguments).stdout(full))
}

/// With a standard output that is set already.
fn run_on(command: &mut Command) -> Ran {
    Ran::new(&command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap())
}

#[test]
fn a_report_that_cannot_be_written_fails_the_run() {
    let ran = ran(&["--exact", "cases::passes", "--junit", "/dev/full"]).failed();
    assert_eq!(ran.stderr, lost("--junit /dev/full: the report"));
    ran.says(&["test result: ok. 1 passed"]);
}

#[test]
fn output_that_cannot_be_written_is_told_once_and_fails_the_run() {
    for arguments in [&["--format=pretty"][..], &["--format=terse"], &["--format=json"], &["--nocapture"]] {
        let ran = on_full(arguments).failed();
        let told = ran.stderr.lines().filter(|line| line.starts_with("peer: ")).map(|line| format!("{line}\n"));
        assert_eq!(told.collect::<String>(), lost("standard output: some of what this run prints"), "{arguments:?}");
    }
    assert_eq!(on_full(&["--list"]).failed().stderr, lost("standard output: the list"));
    let ran = ran(&["--exact", "cases::passes", "--logfile", "/dev/full"]).failed();
    assert_eq!(ran.stderr, lost("--logfile /dev/full: some of what this run prints"));
}

/// As `| head` does.
#[test]
fn a_reader_who_leaves_fails_nothing() {
    for arguments in [&["--format=pretty"][..], &["--format=json"], &["--list"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = run_on(command(suite()).args(["--exact", "cases::passes"]).args(arguments).stdout(writer)).passed();
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn a_pipe_is_written_to_if_somebody_reads_it() {
    let folder = Folder::new();
    let pipe = folder.fifo("pipe");
    for flag in ["--junit", "--logfile"] {
        let ran = || ran(&["--exact", "cases::passes", flag, pipe.to_str().unwrap()]);
        let told = format!("peer: {flag} {}: it cannot be written: it is a pipe that nobody reads", pipe.display());
        ran().failed().says(&[&told]);
        // It has come once it can be opened for writing as well, and stays until its last writer goes.
        let reader = pipe.clone();
        let reader = thread::spawn(move || std::fs::read_to_string(reader).unwrap());
        let opened = pipe.clone();
        let held = within("a reader", move || File::options().write(true).open(opened)).unwrap();
        let ran = ran();
        drop(held);
        ran.passed();
        let text = within("the end of the pipe", move || reader.join()).unwrap();
        assert!(
            text.contains("<testcase name=\"cases::passes\"") || text.contains("test result: ok. 1 passed"),
            "{text}"
        );
    }
}

/// With room for files of so many KiB.
fn ran_within(kib: &str, arguments: &[&str]) -> Ran {
    let mut bash = command("bash");
    bash.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "bash", kib]);
    run(bash.arg(suite()).args(arguments))
}

#[test]
fn where_there_is_no_room_for_a_report_none_is_left_that_is_empty() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let arguments = ["--ignored", "--exact", "cases::fails_with_options", "--junit", report.to_str().unwrap()];
    for before in [None, Some("that of another run")] {
        if let Some(before) = before {
            std::fs::write(&report, before).unwrap();
        }
        let ran = ran_within("0", &arguments).failed();
        ran.says(&[&format!("peer: --junit {}: it cannot be written: File too large", report.display())]);
        assert_eq!((&*ran.stdout, std::fs::read_dir(folder.path("")).unwrap().count()), ("", 0));
    }
    let ran = ran_within("1", &arguments).failed();
    ran.says(&[&format!("peer: --junit {}: the report cannot be written: File too large", report.display())]);
    assert!(std::fs::read_to_string(&report).unwrap().contains("suite_main: the run has not ended"));
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

/// In each of the reports.
#[test]
fn where_the_directory_of_a_hook_is_is_told_with_it() {
    let folder = Folder::new();
    let (report, trace) = (folder.path("report.xml"), folder.path("trace"));
    std::fs::write(&trace, "").unwrap();
    let arguments = ["directories::", "--test-threads=1", "--format", "json", "--junit", report.to_str().unwrap()];
    let mut suite = suite::suite("suite_groups", &arguments);
    let ran = run(suite.env("TRACE", &trace).env_remove("PEER_KEEP_DIRS")).failed();
    let (events, told) = (events(&ran), std::fs::read_to_string(&trace).unwrap());
    let text = std::fs::read_to_string(&report).unwrap();
    let hooks = ["of_an_init::init_per_group", "of_an_end::end_per_group", "of_a_test::init_per_testcase"];
    for (hook, directory) in hooks.into_iter().zip(told.lines()) {
        let is_it = |event: &&Value| event["type"] == "hook" && event["name"] == format!("directories::{hook}");
        let failed = events.iter().filter(is_it).find(|event| event["event"] == "failed").unwrap();
        assert_eq!(failed["directory"], directory, "{hook}");
        let line = format!("\nits directory: {directory}\n");
        assert!(failed["stdout"].as_str().unwrap().contains(&line) && text.contains(&line), "{hook}: {text}");
        std::fs::remove_dir_all(directory).unwrap();
    }
    assert_eq!(told.lines().nth(3), Some("none"));
    let of_none = events
        .iter()
        .find(|event| event["name"] == "directories::of_none::init_per_group" && event["event"] == "failed");
    assert_eq!(of_none.unwrap()["directory"], Value::Null);
}

#[test]
fn what_cannot_be_written_ends_the_run_before_it_begins() {
    let ran = ran(&["--junit", "/nowhere/report.xml"]).failed();
    ran.says(&["peer: --junit /nowhere/report.xml: it cannot be written: "]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn several_filters_choose_and_unknown_flags_get_a_hint() {
    ran(&["passes_too", "passes_over_tcp"]).passed().says(&["running 2 tests", "ok. 2 passed; 0 failed"]);
    for (flag, hint) in [("--nocapure", "'--nocapture'"), ("--ensure-time", "the limit of a test is its timetrap")] {
        let ran = ran(&[flag]);
        assert_eq!(ran.code, Some(2));
        ran.says(&["unexpected argument", hint]);
    }
}

#[test]
fn a_shuffled_run_says_how_to_run_it_again() {
    let order = |ran: &Ran| -> Vec<String> {
        ran.stdout.lines().filter(|line| line.starts_with("test cases::")).map(str::to_owned).collect()
    };
    let arguments = ["--shuffle=7", "--test-threads=1", "cases::passes"];
    let (one, other) = (ran(&arguments).passed(), ran(&arguments).passed());
    one.says(&["shuffle seed 7: PEER_SEED=7 gives this order again"]);
    assert_eq!(order(&one).len(), 4);
    assert_eq!(order(&one), order(&other));
}

/// `script` runs a command on a terminal.
#[test]
fn a_terminal_has_a_progress_line_and_colours_and_both_are_gone_in_ci() {
    let shown = |variable: &str| {
        let suite = suite();
        let command_line = format!("'{}' --exact cases::passes", suite.display());
        let mut script = command("script");
        script.args(["-q", "-e", "-c", &command_line, "/dev/null"]).env_remove("CI").env_remove("NO_COLOR");
        if !variable.is_empty() {
            script.env(variable, "true");
        }
        run(&mut script).passed().stdout
    };
    let on_terminal = shown("");
    assert!(on_terminal.contains("\r\u{1b}[B\u{1b}[K0/1 done  cases::passes (0s"), "{on_terminal:?}");
    assert!(on_terminal.contains("test cases::passes ... \u{1b}[32mok\u{1b}[0m"), "{on_terminal:?}");
    let in_ci = shown("CI");
    assert!(!in_ci.contains('\u{1b}'), "{in_ci:?}");
    let without_colours = shown("NO_COLOR");
    assert!(without_colours.contains("0/1 done") && without_colours.contains("... ok"), "{without_colours:?}");
}

#[test]
fn what_is_told_beside_results_has_a_line_of_its_own_on_a_terminal() {
    let command_line = format!("'{}' --include-ignored --exact cases::has_a_directory", suite().display());
    let mut script = command("script");
    script.args(["-q", "-e", "-c", &command_line, "/dev/null"]).env_remove("CI").env("NO_COLOR", "1");
    let shown = run(script.env("PEER_KEEP_DIRS", "1")).passed().stdout;
    let told = "\u{1b}[Jpeer: cases::has_a_directory: directory: ";
    let (before, behind) = shown.split_once(told).unwrap_or_else(|| panic!("{shown:?}"));
    // The progress line is erased, and drawn anew below it.
    let (_, line) = before.rsplit_once("\u{1b}[B\u{1b}[K").unwrap();
    assert!(line.starts_with("0/1 done  cases::has_a_directory ("), "{shown:?}");
    let (directory, rest) = behind.split_once("\r\n").unwrap();
    assert!(rest.starts_with("\u{1b}D\u{1b}[A\u{1b}7\r\u{1b}[B\u{1b}[K0/1 done"), "{shown:?}");
    assert!(PathBuf::from(directory).is_dir(), "{shown:?}");
    std::fs::remove_dir_all(directory).unwrap();
}
