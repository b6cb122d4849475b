//! What a run writes for other programs, and shows on a terminal: the suite `suite_main`, run as a user would.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::suite::{self, executable};
use crate::support::{Folder, Ran, command, run, says, within, without_harness};
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
fn a_junit_report_is_written() {
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

#[test]
fn a_junit_report_says_what_was_printed() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    run(&mut suite::suite("suite_groups", &["controls::", "--junit", report.to_str().unwrap()])).failed();
    let text = std::fs::read_to_string(&report).unwrap();
    for said in ["ERROR no disk\n", "no quorum", "seed 42", "no tun device here; but another one"] {
        assert!(text.contains(said), "`{said}` is missing in {text}");
    }
}

/// The executable of tests that end the whole process, which nothing else compiles.
fn hanging() -> PathBuf {
    executable("suite_hanging")
}

/// The arguments for these of them.
fn crashing(tests: &[&str]) -> Vec<String> {
    let arguments = ["--ignored", "--exact", "--test-threads=1"].map(str::to_owned);
    arguments.into_iter().chain(tests.iter().map(|test| format!("crashing::{test}"))).collect()
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

/// With room for files of so many KiB.
fn ran_within(kib: &str, arguments: &[&str]) -> Ran {
    let mut bash = command("bash");
    bash.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "bash", kib]);
    run(bash.arg(suite()).args(arguments))
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
fn what_cannot_be_written_ends_the_run_before_it_starts() {
    let ran = ran(&["--junit", "/nowhere/report.xml"]).failed();
    ran.says(&["[peer] --junit /nowhere/report.xml: it cannot be written: "]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn several_filters_choose_and_unknown_flags_get_a_hint() {
    ran(&["passes_too", "passes_over_tcp"]).passed().says(&["running 2 tests", "ok. 2 passed; 0 failed"]);
    for (flag, hint) in [("--nocapure", "'--nocapture'"), ("--ensure-time", "PEER_TIMETRAP_FACTOR")] {
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

/// The reader of standard output and of standard error stands still.
#[test]
fn an_exit_waits_for_no_reader() {
    let (_reader, mut full) = std::io::pipe().unwrap();
    while poll(&mut [PollFd::new(&full, PollFlags::OUT)], Some(&Timespec::default())) == Ok(1) {
        full.write_all(&[b'x'; 4096]).unwrap();
    }
    let mut run = Command::new(hanging());
    run.args(crashing(&["exits_on_a_worker"])).stdout(full.try_clone().unwrap()).stderr(full);
    let child = without_harness(&mut run).spawn().unwrap();
    Ran::new(&within("the end of the run", move || child.wait_with_output()).unwrap()).failed();
}

#[test]
fn after_an_exit_the_reports_have_the_results_until_then_and_say_that_the_run_has_not_ended() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let tests = ["crashing::fails", "crashing::exits_on_a_worker"];
    let arguments = ["--ignored", "--exact", "--test-threads=1", "--junit", report.to_str().unwrap()];
    let ran = run(&mut suite::suite("suite_hanging", &[&arguments[..], &tests].concat())).failed();
    let why =
        "test `crashing::exits_on_a_worker` called std::process::exit and ended the run; 1 of 2 tests have no result";
    says(&ran.stderr, &[&format!("[peer] {why}\n")]);
    says(&ran.stdout, &["failures until then:", "---- crashing::fails ----", "three are a quorum"]);
    assert!(!ran.stdout.contains("test result"), "{}", ran.stdout);
    let text = std::fs::read_to_string(&report).unwrap();
    let case = "<testcase name=\"the run has not ended\" classname=\"suite_hanging\" time=\"0.000\">";
    let error = format!("<error message=\"{why}\" type=\"not ended\"/>");
    says(&text, &["<testcase name=\"crashing::fails\"", "three are a quorum", case, &error]);
}

/// What a run says that cannot write this.
fn cannot_be_written(what: &str) -> String {
    format!("[peer] {what} cannot be written: No space left on device (os error 28); the run fails because of that\n")
}

#[test]
fn output_that_cannot_be_written_is_reported_once_and_fails_the_run() {
    for arguments in [&["--format=pretty"][..], &["--format=terse"], &["--format=json"], &["--nocapture"], &["--list"]]
    {
        let ran = on_full(arguments).failed();
        let said = ran.stderr.lines().filter(|line| line.starts_with("[peer] ")).map(|line| format!("{line}\n"));
        assert_eq!(said.collect::<String>(), cannot_be_written("standard output"), "{arguments:?}");
    }
    let ran = ran(&["--exact", "cases::passes", "--logfile", "/dev/full"]).failed();
    assert_eq!(ran.stderr, cannot_be_written("--logfile /dev/full"));
}

#[test]
fn a_junit_report_replaces_no_pipe() {
    let folder = Folder::new();
    let pipe = folder.fifo("pipe");
    let ran = ran(&["--exact", "cases::passes", "--junit", pipe.to_str().unwrap()]).failed();
    ran.says(&[&format!("[peer] --junit {}: it cannot be written: it is no regular file", pipe.display())]);
    assert!(pipe.exists() && !pipe.is_file());
}

#[test]
fn where_there_is_no_room_for_a_report_a_whole_one_stays() {
    let folder = Folder::new();
    let report = folder.path("report.xml");
    let arguments = ["--ignored", "--exact", "cases::fails_with_options", "--junit", report.to_str().unwrap()];
    let ran = ran_within("0", &arguments).failed();
    ran.says(&[&format!("[peer] --junit {}: it cannot be written: File too large", report.display())]);
    assert_eq!((&*ran.stdout, std::fs::read_dir(folder.path("")).unwrap().count()), ("", 0));
    let ran = ran_within("1", &arguments).failed();
    ran.says(&[&format!("[peer] --junit {}: the report cannot be written: File too large", report.display())]);
    assert!(std::fs::read_to_string(&report).unwrap().contains("<testcase name=\"the run has not ended\""));
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 1);
}

/// `script` runs a command on a terminal, with this variable.
fn on_a_terminal(arguments: &str, variable: &str) -> String {
    let command_line = format!("'{}' {arguments}", suite().display());
    let mut script = command("script");
    script.args(["-q", "-e", "-c", &command_line, "/dev/null"]).env_remove("CI").env_remove("NO_COLOR");
    run(script.env("TERM", "xterm").env(variable, "1")).passed().stdout
}

#[test]
fn a_terminal_has_colors_and_a_progress_line_with_what_runs() {
    let shown = on_a_terminal("--exact cases::passes", "SOME");
    says(&shown, &["0/1 done", "test cases::passes ... \u{1b}[32mok\u{1b}[0m"]);
    let in_ci = on_a_terminal("--exact cases::passes", "CI");
    assert!(!in_ci.contains("0/1 done"), "{in_ci:?}");
    let without_colors = on_a_terminal("--exact cases::passes", "NO_COLOR");
    assert!(without_colors.contains("test cases::passes ... ok"), "{without_colors:?}");
}

#[test]
fn a_note_has_a_line_of_its_own_on_a_terminal() {
    let shown = on_a_terminal("--include-ignored --exact cases::has_a_directory", "PEER_KEEP_DIRS");
    let (_, behind) = shown.split_once("directory: /").unwrap_or_else(|| panic!("{shown:?}"));
    let (directory, _) = behind.split_once("\r\n").unwrap();
    let directory = Path::new("/").join(directory);
    assert!(directory.is_dir(), "{shown:?}");
    std::fs::remove_dir_all(directory).unwrap();
}
