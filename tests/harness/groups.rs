//! Groups, hooks, rounds and verdicts as a user meets them: the suite `suite_groups`, its whole output compared
//! with a golden file: what it prints, then what happened in which order.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::golden;
use crate::suite::{executable, suite};
use crate::support::{self, DEADLINE, Folder, Ran, command, run, within, without_harness};
use rustix::process::{Pid, Signal};

/// The suite with arguments.
fn groups(arguments: &[&str]) -> Command {
    suite("suite_groups", arguments)
}

/// The output of a scenario and its trace, without what differs from run to run.
fn outcome(scenario: &str, arguments: &[&str]) -> (Ran, String) {
    let filter = format!("{scenario}::");
    golden::outcome(&mut groups(&[&[&*filter], arguments].concat()))
}

/// Runs a scenario one test after the other, and compares it line by line; then side by side, where tests come in any order.
fn compare(scenario: &str, passes: bool) {
    compare_with(scenario, passes, &[]);
}

fn compare_with(scenario: &str, passes: bool, arguments: &[&str]) {
    let in_order = [arguments, &["--test-threads=1"]].concat();
    // Most of the time both wait.
    let (one_by_one, side_by_side) = std::thread::scope(|scope| {
        let side_by_side = scope.spawn(|| outcome(scenario, arguments));
        (outcome(scenario, &in_order), side_by_side.join().unwrap())
    });
    let (ran, text) = one_by_one;
    assert_eq!(ran.code, Some(if passes { 0 } else { 101 }), "{}", ran.text());
    golden::assert_same(&text, scenario, &ran);
    let (ran, text) = side_by_side;
    golden::assert_same_tests(&text, scenario, &ran);
}

#[test]
fn what_nobody_gives_is_told_before_anything_runs() {
    for arguments in [&["--list"][..], &[]] {
        let ran = run(&mut suite("suite_refused", arguments)).failed();
        for problem in [
            "`wants_a_cluster` (tests/harness/suites/refused.rs:9:10) takes `&suite_refused::Cluster`, and no init above it returns one",
            "a group has one `#[init_per_group]`: remove one of tests/harness/suites/refused.rs:16:14 and tests/harness/suites/refused.rs:21:14",
            "`#[end_per_group]` (tests/harness/suites/refused.rs:27:18) is in no group: move it into a module with `#[peer_group]`",
            "`weight` of the group at tests/harness/suites/refused.rs:35:5 reserves slots for the nodes of `#[init_per_group]`",
            "`without_init::end_per_testcase` (tests/harness/suites/refused.rs:39:14) takes `&TestStatus`: write `TestStatus`",
            "`peer::main!(weight = 3)` reserves slots for the nodes of `#[init_per_suite]`",
        ] {
            ran.says(&[problem]);
        }
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn hooks_run_in_their_order() {
    compare("order", true);
}

#[test]
fn what_inits_return_is_handed_down_by_type() {
    compare("given", true);
}

#[test]
fn below_an_init_that_does_not_pass_nothing_runs() {
    compare("inits", false);
}

#[test]
fn which_hooks_run_depends_on_those_before_them() {
    compare("levels", false);
}

#[test]
fn a_repetition_ends_with_an_init_that_does_not_pass() {
    compare("stops", false);
}

#[test]
fn ends_fail_for_themselves_and_for_their_test() {
    compare("ends", false);
}

#[test]
fn a_sequence_goes_on_until_one_fails() {
    compare("sequence", false);
}

#[test]
fn tests_wait_at_the_barriers_of_their_group() {
    compare("barriers", false);
}

#[test]
fn bodies_in_all_nodes_end_together_and_the_first_cause_is_told() {
    compare_with("everywhere", false, &["--include-ignored"]);
}

#[test]
fn what_the_nodes_of_a_group_do_is_told_with_its_tests() {
    compare("nodes", false);
}

#[test]
fn what_inits_returned_is_dropped_in_a_runtime_and_may_fail() {
    compare("dropped", false);
}

#[test]
fn each_verdict_has_its_words() {
    compare("verdicts", false);
}

#[test]
fn a_node_that_cannot_boot_is_not_the_fault_of_the_test() {
    compare("infrastructure", false);
}

#[test]
fn a_panic_is_told_with_its_test() {
    let elsewhere = "\nthread 'elsewhere'";
    let (ran, text) = outcome("panics", &["--test-threads=1"]);
    golden::assert_same(&text, "panics", &ran);
    // Nothing else is said than what belongs to no test, and to the hooks of tests.
    assert_eq!(ran.stderr.matches("panicked at").count(), 1, "{}", ran.stderr);
    ran.says(&[elsewhere, "on another thread"]);
    let many = run(&mut groups(&["--ignored", "--exact", "panics::fails_after_many"])).failed();
    many.says(&["  no quorum at last\n", "(45 earlier panics were dropped)"]);
    assert_eq!(many.stdout.matches("  of three").count(), 255, "{}", many.text());
    let traced = run(groups(&["--exact", "panics::fails_by_itself"]).env("RUST_BACKTRACE", "1"));
    traced.says(&["  no quorum\n  of three\n  backtrace:\n", "suite_groups::panics::ask_for_a_quorum\n"]);
    assert!(!traced.text().contains("peer_runtime::"), "{}", traced.text());
    let shown = run(&mut groups(&["--exact", "panics::catches_it", "--nocapture"])).passed();
    assert!(shown.stderr.contains("panicked at tests/harness/suites/groups/panics.rs:"), "{}", shown.stderr);
}

#[test]
fn what_others_say_commands_no_terminal() {
    compare("controls", false);
    let is_shown = |c: char| !c.is_control() || "\n\t".contains(c);
    let red = "| \u{1b}[1;31mERROR no disk\u{1b}[0m\n";
    // What the standard library says of a panic at once it says as it is.
    for shows in [&[][..], &["--nocapture", "--skip=controls::panics"]] {
        let plain = run(&mut groups(&[&["controls::"], shows].concat())).failed().text();
        assert!(plain.chars().all(is_shown), "{plain:?}");
        support::says(&plain, &["| ERROR no disk\n", r"| \u{1b}[?1049h\u{1b}[2J\u{1b}]0;mine\u{7}starts"]);
        let coloured = run(&mut groups(&[&["controls::", "--color=always"], shows].concat())).failed().text();
        assert!(coloured.contains(red) && !coloured.contains("\u{1b}[?") && !coloured.contains('\r'), "{coloured:?}");
    }
}

#[test]
fn what_nodes_of_a_group_print_is_shown_at_once() {
    let test = "nodes::of_a_group::passes";
    let shown = run(&mut groups(&["--exact", test, "--nocapture"])).passed();
    for said in ["before the first test", "in the test that passes"] {
        let is_it = |line: &&str| line.starts_with("suite_groups-") && line.ends_with(&format!(" | {said}"));
        assert_eq!(shown.stderr.lines().filter(is_it).count(), 1, "{}", shown.text());
    }
}

#[test]
fn where_nobody_reads_what_is_shown_tests_go_on() {
    let Started { child, trace, node } = started(&["unread::of_a_test", "--nocapture"]);
    let said = || trace.recv_timeout(DEADLINE).unwrap();
    assert_eq!([said(), said()], ["printed", "timed out after 10s"]);
    let ran = output(child);
    ran.says(&["[peer] ", " lines were dropped here, since they were not read in time"]);
    ran.says(&["test unread::of_a_test::prints ... FAILED (timed out after 10s)"]);
    let shown = ran.stderr.lines().filter(|line| line.contains(" | 000")).count();
    assert!((1..20 << 10).contains(&shown), "{shown} lines");
    assert!(is_gone(node));
}

#[test]
fn a_blocked_thread_is_given_up_and_the_others_go_on() {
    compare("blocked", false);
}

#[test]
fn what_blocks_a_thread_is_told_whoever_does() {
    let executable = executable("suite_groups");
    let (in_report, beside) = (
        "\n  its thread is still blocked 10s after its scope ended, ",
        " is still blocked 10s after its scope ended, ",
    );
    let of_a_test = "\n  the thread of `abandoned::by_an_end_of_a_test::end_per_testcase` is still blocked 10s after its scope ended, ";
    let told = [
        ("by_an_init::", vec!["`abandoned::by_an_init::init_per_group` (", ") failed:\n", in_report]),
        ("by_an_end::", vec!["`abandoned::by_an_end::end_per_group` (", ") failed:\n", in_report]),
        (
            "by_an_end_of_a_test::",
            vec!["::passes ... FAILED (timed out after 300ms)\n", ") failed:\n  it did not end within its ", of_a_test],
        ),
        ("by_what_was_returned::", vec!["  dropping what it had returned failed: it did not end ", in_report]),
        ("by_what_a_hook_left::", vec!["[peer] `abandoned::by_what_a_hook_left::init_per_group`: its thread", beside]),
        ("by_what_a_test_left", vec!["[peer] `abandoned::by_what_a_test_left`: its thread", beside, "1 passed"]),
    ];
    let runs = told.map(|(scenario, told)| {
        let mut command = command(&executable);
        command.arg(format!("abandoned::{scenario}")).env("RUST_BACKTRACE", "0");
        (std::thread::spawn(move || run(&mut command)), told)
    });
    for (ran, told) in runs {
        let ran = ran.join().unwrap();
        ran.says(&told);
        assert_eq!(ran.text().matches(" is still blocked ").count(), 1, "{}", ran.text());
    }
}

#[test]
fn a_shared_cluster_that_crashes_fails_its_group() {
    compare("crashes", false);
}

#[test]
fn rounds_end_when_their_condition_is_met() {
    let (ran, text) = outcome("repeat", &["--test-threads=1", "--skip=by_chance", "--skip=own_seed"]);
    assert_eq!(ran.code, Some(101), "{}", ran.text());
    golden::assert_same(&text, "repeat", &ran);
    compare("conditions", false);
}

#[test]
fn time_traps_are_the_nearest_ones() {
    compare("traps", false);
    let longer =
        run(groups(&["--exact", "traps::no_trap::of_the_test_counts_all_the_same"]).env("PEER_TIMETRAP_FACTOR", "3"));
    longer.failed().says(&["FAILED (timed out after 1.2s)"]);
}

#[test]
fn what_is_parallel_meets_and_what_is_behind_a_group_waits() {
    // Two of them wait for each other.
    let (ran, text) = outcome("parallel", &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let happened = text.split_once("== what happened\n").unwrap().1;
    assert_eq!(happened, "around_a_group: nested end_per_group\naround_a_group: after\n");
}

/// A scenario that runs.
struct Started {
    child: Child,
    /// What happens from then on.
    trace: std::sync::mpsc::Receiver<String>,
    /// The node of the first test.
    node: u32,
}

/// Starts a scenario and waits until one of its tests says which node it has.
fn started(arguments: &[&str]) -> Started {
    let folder = Folder::new();
    let trace = folder.fifo("trace");
    let lines = std::fs::File::options().read(true).write(true).open(&trace).unwrap();
    let mut command = Command::new(executable("suite_groups"));
    command.args(arguments).env("TRACE", &trace).env("RUST_BACKTRACE", "0");
    without_harness(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (said, trace) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _folder = folder;
        BufReader::new(lines).lines().map_while(Result::ok).all(|line| said.send(line).is_ok())
    });
    let node = trace.recv_timeout(DEADLINE).unwrap();
    let node = node.strip_prefix("node ").unwrap().parse().unwrap();
    Started { child, trace, node }
}

fn interrupt(child: &Child) {
    rustix::process::kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

fn output(child: Child) -> Ran {
    within("the end of the run", move || Ran::new(&child.wait_with_output().unwrap()))
}

fn is_gone(node: u32) -> bool {
    !Path::new(&format!("/proc/{node}")).exists()
}

#[test]
fn an_interrupt_ends_a_run_in_order_and_leaves_nothing() {
    let Started { child, node, .. } = started(&["interrupted::awaits"]);
    interrupt(&child);
    let ran = output(child);
    assert_eq!(ran.code, Some(101), "{}", ran.text());
    ran.says(&["test interrupted::awaits ... FAILED (interrupted)"]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 1 failed"]);
    assert!(is_gone(node));
}

#[test]
fn after_an_interrupt_ends_run_and_nothing_else_does() {
    let Started { child, trace, node } = started(&["interrupted::in_a_group"]);
    interrupt(&child);
    assert_eq!(trace.recv_timeout(DEADLINE).unwrap(), format!("end_per_group {node}"));
    let ran = output(child);
    ran.says(&["test interrupted::in_a_group::awaits_too ... FAILED (interrupted)"]);
    assert!(trace.try_recv().is_err() && is_gone(node));
}

#[test]
fn after_an_interrupt_no_other_group_begins() {
    let Started { child, trace, node } = started(&["interrupted::before_"]);
    interrupt(&child);
    let ran = output(child);
    ran.says(&[
        "test interrupted::before_others::awaits_first ... FAILED (interrupted)",
        "interrupted: this is what ran until then; 2 tests had not started",
        "0 passed; 1 failed; 1 ignored",
    ]);
    assert!(is_gone(node));
    assert_eq!(trace.try_iter().collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_is_below_an_init_that_is_interrupted_has_not_begun() {
    let Started { child, node, .. } = started(&["interrupted::in_an_init"]);
    interrupt(&child);
    let ran = output(child);
    ran.says(&[
        "test interrupted::in_an_init::init_per_group ... FAILED (interrupted)",
        "interrupted: this is what ran until then; 2 tests had not started",
        "0 passed; 1 failed; 0 ignored",
    ]);
    assert!(is_gone(node));
}

#[test]
fn after_an_interrupt_an_end_has_little_time() {
    let Started { child, trace, node } = started(&["interrupted::its_end_hangs"]);
    interrupt(&child);
    assert_eq!(trace.recv_timeout(DEADLINE).unwrap(), "end_per_group");
    let ran = output(child);
    ran.says(&[
        "`interrupted::its_end_hangs::end_per_group` (tests/harness/suites/groups/interrupted.rs:",
        "s, its share of the time after an interrupt",
        "0 passed; 2 failed",
    ]);
    assert!(is_gone(node));
}

#[test]
fn what_was_given_up_before_an_interrupt_is_not_waited_for_any_longer() {
    let Started { child, trace, node } = started(&["interrupted::given_up_before_it"]);
    assert_eq!(trace.recv_timeout(DEADLINE).unwrap(), "end_per_testcase");
    interrupt(&child);
    let ran = output(child);
    ran.says(&["blocks_its_thread_too ... FAILED (timed out after 300ms)", "  its thread is still blocked "]);
    assert!(!ran.text().contains("still blocked 10s") && is_gone(node), "{}", ran.text());
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let Started { mut child, .. } = started(&["interrupted::ignores_it"]);
    // What blocks its thread is given time to let go of it, after the first one.
    let ended = within("the second interrupt", move || {
        loop {
            interrupt(&child);
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
    });
    assert_eq!(ended, Some(130));
}

#[test]
fn an_order_by_chance_is_the_same_for_the_same_seed() {
    let order = |seed: u32| shuffled("by_chance", seed, "PEER_SEED").0;
    let first = order(1);
    assert_eq!(first, order(1));
    assert_eq!(shuffled("by_chance", 1, "--shuffle").0, shuffled("by_chance", 1, "--shuffle").0);
    assert!((2..10).any(|seed| order(seed) != first));
    // A nested group moves as one.
    let place = |name: &str| first.lines().position(|line| line.ends_with(name)).unwrap();
    assert_eq!(place(": e").abs_diff(place(": f")), 1, "{first}");
}

/// What happens in a scenario with these arguments and this `PEER_SEED`, and what is said before it.
fn shuffled_lines(filter: &str, arguments: &[&str], seed: Option<&str>) -> (Vec<String>, String) {
    let mut command = groups(&[&["--test-threads=1", filter], arguments].concat());
    let (ran, text) = golden::outcome(seed.iter().fold(&mut command, |command, seed| command.env("PEER_SEED", seed)));
    let (printed, happened) = text.split_once("== what happened\n").unwrap();
    let name = |line: &str| line.rsplit_once("shuffles::").unwrap().1.to_owned();
    let seeds: String = printed.lines().filter(|line| line.starts_with("shuffle seed")).collect();
    ran.passed();
    (happened.lines().map(name).collect(), seeds)
}

/// The lines of a group, which stand together, without its name.
fn together<'a>(lines: &'a [String], group: &str) -> Vec<&'a str> {
    let is_of = |line: &&String| line.starts_with(group);
    let first = lines.iter().position(|line| is_of(&line)).unwrap();
    lines[first..].iter().take_while(is_of).map(|line| &line[group.len()..]).collect()
}

#[test]
fn each_round_has_an_order_of_its_own_and_a_nested_group_stays_together() {
    let (lines, seeds) = shuffled_lines("shuffles::outer", &[], Some("7"));
    assert_eq!(seeds, "shuffle seed 7: PEER_SEED=7 gives this order again");
    assert_eq!(lines, shuffled_lines("shuffles::outer", &[], Some("7")).0);
    assert_ne!(lines, shuffled_lines("shuffles::outer", &[], Some("8")).0);
    // 4 tests, a group of 4 between its hooks, and a group of 6.
    let rounds: Vec<&[String]> = lines.chunks(16).collect();
    assert_eq!(rounds.len(), 3, "{lines:?}");
    assert!(rounds[0] != rounds[1] && rounds[1] != rounds[2], "{lines:?}");
    let sorted = |mut lines: Vec<&str>| {
        lines.sort_unstable();
        lines.concat()
    };
    for round in &rounds {
        assert_eq!(together(round, "outer::listed::"), ["init", "a", "b", "c", "d", "end"], "{round:?}");
        assert_eq!(sorted(together(round, "outer::mixed::")), "abcdef", "{round:?}");
    }
    let (lines, seeds) = shuffled_lines("shuffles::outer", &["--shuffle=7"], Some("8"));
    assert_eq!(seeds, "shuffle seed 7: PEER_SEED=7 gives this order again");
    assert_eq!(lines, shuffled_lines("shuffles::outer", &["--shuffle=7"], None).0);
    // Who shuffles everything does not mean what depends on its order.
    assert!(lines.chunks(16).all(|round| together(round, "outer::listed::") == ["init", "a", "b", "c", "d", "end"]));
}

#[test]
fn a_seed_of_its_own_is_that_of_a_group_unless_another_one_is_asked_for() {
    let (own, said) = traced(groups(&["own_seed"]));
    assert!(!said.contains("shuffle seed"), "{said}");
    assert_eq!(own, traced(groups(&["own_seed"])).0);
    assert_eq!(own, shuffled("own_seed", 42, "PEER_SEED").0);
    let (_, said) = shuffled("own_seed", 7, "--shuffle");
    assert!(said.contains("shuffle seed 7: PEER_SEED=7 gives this order again"), "{said}");
    assert!((1..10).any(|seed| shuffled("own_seed", seed, "PEER_SEED").0 != own));
}

/// Runs the tests of this name in the order that follows from a seed: what they traced, and what was said.
fn shuffled(name: &str, seed: u32, by: &str) -> (String, String) {
    if by == "--shuffle" {
        return traced(groups(&[name, &format!("--shuffle={seed}")]));
    }
    let mut groups = groups(&[name]);
    groups.env(by, seed.to_string());
    traced(groups)
}

/// What the suite traced, and what it printed.
fn traced(mut suite: Command) -> (String, String) {
    let folder = Folder::new();
    let trace = folder.path("trace");
    std::fs::write(&trace, "").unwrap();
    let ran = run(suite.env("TRACE", &trace)).passed();
    (std::fs::read_to_string(&trace).unwrap(), ran.stdout)
}
