//! Reports as CI systems read them: exact, and valid.

use std::process::Command;

use super::super::sample::{self, assert_golden, description, hook, line, test, verdicts};
use super::*;

/// A report that nobody reads as a file, and its folder.
fn unread(name: &str) -> (JUnit, Folder) {
    let folder = Folder::new(name);
    (JUnit::create(&folder.0.join("report.xml"), "suite", &Lost::default()).expect("it can be written"), folder)
}

/// A report on all verdicts, with a test that failed with two nodes.
fn report(name: &str) -> String {
    let (mut junit, _folder) = unread(name);
    let failed = Finished {
        console: vec![
            line(0, "", "(2 earlier lines were dropped)"),
            line(1, "a-1@host", "\u{1b}[31mred\u{1b}[0m & <bold>\u{0}\u{b}\u{ffff}"),
            line(2, "a-2@host", "]]>"),
            line(3_003, "a-1@host", "again"),
        ],
        comments: vec!["3 rounds \"were\" played".to_owned()],
        directory: Some("/tmp/peer/a".into()),
        ..test("a", Verdict::Failed)
    };
    let own = vec![description("a-1@host", "running"), description("a-2@host", "down: exit status 5")];
    let nodes = Described { own, ..Described::default() };
    junit.finished(&failed, &nodes);
    sample::run(&mut junit, Some(42), &verdicts(), true);
    junit.xml().expect("it can be written")
}

#[test]
fn the_report_is_exact() {
    assert_golden("junit.xml", &report("exact"));
}

#[test]
fn no_tests_are_a_report_too() {
    let (mut junit, _folder) = unread("none");
    sample::run(&mut junit, None, &[], false);
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <testsuite name=\"suite\" tests=\"0\" skipped=\"0\" errors=\"0\" failures=\"0\" time=\"12.340\"/>\n";
    assert_eq!(junit.xml().expect("it can be written"), expected);
}

#[test]
fn no_two_cases_have_one_name() {
    let (mut junit, _folder) = unread("names");
    let round = |round| Finished { round, rounds: 2, ..test("a", Verdict::Failed) };
    let (again, same) = (hook("b", Verdict::Failed), test("b (2)", Verdict::Passed));
    let all = [round(1), round(2), round(1), test("b", Verdict::Passed), again, round(1), same];
    sample::run(&mut junit, None, &all, false);
    let names: Vec<&str> = junit.report.test_suites[0].test_cases.iter().map(|case| case.name.as_str()).collect();
    let numbered = ["a (round 1)", "a (round 2)", "a (round 1) (2)", "b", "b (2)", "a (round 1) (3)", "b (2) (2)"];
    assert_eq!(names, numbered);
    assert!(junit.xml().expect("it can be written").contains("<property name=\"a (round 1) (2): round\""));
}

#[test]
fn nodes_of_tests_that_passed_have_no_rows() {
    let nodes = Described { own: vec![description("a-1@host", "running")], ..Described::default() };
    let rows = |verdict: Verdict| {
        let (mut junit, _folder) = unread("rows");
        junit.finished(&Finished { comments: vec!["so it was".to_owned()], ..test("a", verdict) }, &nodes);
        let xml = junit.xml().expect("it can be written");
        assert!(xml.contains("<property name=\"a: comment\" value=\"so it was\"/>"), "{xml}");
        xml.matches("<property name=\"a: node a-1@host\"").count()
    };
    assert_eq!(rows(Verdict::Passed), 0);
    assert_eq!(rows(Verdict::Flaky { attempt: 2 }), 1);
    assert_eq!(rows(Verdict::Failed), 1);
}

#[test]
fn what_is_announced_is_told() {
    let (mut junit, _folder) = unread("announced");
    let cause = "peer test `a` panicked at tests/a.rs:7:5:\n  these have no leader:\n  a-1\n  a-2".to_owned();
    sample::run(&mut junit, None, &[Finished { cause: Some(cause), ..test("a", Verdict::Failed) }], false);
    let message = "message=\"peer test `a` panicked at tests/a.rs:7:5: these have no leader: a-1; a-2\"";
    assert!(junit.xml().expect("it can be written").contains(message));
}

#[test]
fn the_suite_is_named_as_its_target() {
    assert_eq!(suite_name(), "peer_runtime");
}

/// What is valid by `junit.xsd` is valid by the schema of Jenkins' xUnit plugin, `junit-10.xsd`, which has more.
#[test]
fn the_report_is_valid_by_the_schema() {
    let folder = Folder::new("schema");
    let path = folder.0.join("report.xml");
    std::fs::write(&path, report("valid")).expect("it can be written");
    assert_valid(&path);
}

#[test]
fn until_its_end_a_run_is_told_not_to_have_ended() {
    let folder = Folder::new("whole");
    let path = folder.0.join("report.xml");
    std::fs::write(&path, "that of another run").expect("it can be written");
    let mut junit = JUnit::create(&path, "su<i>te & \"all\"", &Lost::default()).expect("it can be written");
    let before = std::fs::File::open(&path).expect("it is there");
    let name = "su&lt;i>te &amp; &quot;all&quot;: the run has not ended";
    assert_eq!(
        read(&path).lines().nth(1),
        Some(&*format!("<testsuites name=\"{name}\" tests=\"0\" failures=\"0\" errors=\"1\"/>"))
    );
    assert_valid(&path);
    sample::run(&mut junit, None, &[test("a", Verdict::TimedOut(Duration::from_secs(3)))], false);
    assert_eq!(read(&path), junit.xml().expect("it can be written"));
    assert_valid(&path);
    let kept = std::io::read_to_string(before).expect("it can be read");
    assert!(kept.contains(name), "another file has taken its place, and nobody reads half a report: {kept}");
    let left = std::fs::read_dir(&folder.0).expect("it is there").count();
    assert_eq!(left, 1, "nothing is left beside it");
}

#[test]
fn what_cannot_be_written_at_the_end_leaves_what_was_there() {
    let folder = Folder::new("gone");
    let path = folder.0.join("report.xml");
    let junit = JUnit::create(&path, "suite", &Lost::default()).expect("it can be written");
    std::fs::remove_file(&path).expect("it is there");
    std::fs::create_dir(&path).expect("there is room for it");
    assert!(junit.write(Target::write).is_err());
    assert!(path.is_dir() && std::fs::read_dir(&folder.0).expect("it is there").count() == 1);
}

#[test]
fn what_is_no_file_any_more_is_not_replaced() {
    let folder = Folder::new("link");
    let (path, other) = (folder.0.join("report.xml"), folder.0.join("other.xml"));
    let junit = JUnit::create(&path, "suite", &Lost::default()).expect("it can be written");
    std::fs::rename(&path, &other).expect("it is there");
    std::os::unix::fs::symlink(&other, &path).expect("there is room for it");
    junit.write(Target::write).expect("it can be written");
    assert!(std::fs::symlink_metadata(&path).expect("it is there").is_symlink());
    assert_eq!(read(&other), junit.xml().expect("it can be written"));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it was written")
}

#[track_caller]
fn assert_valid(report: &Path) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/harness/reporter/junit/junit.xsd");
    let ran = Command::new("xmllint").args(["--noout", "--schema"]).arg(schema).arg(report).output();
    let ran = ran.expect("xmllint is there (Debian: libxml2-utils)");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("peer-junit-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("it can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder for temporary files is emptied by others, too.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn no_character_makes_a_report_invalid() {
    let is_allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    for c in (0..=0x1_0010).filter_map(char::from_u32) {
        let said = format!("a{c}b\u{1b}[31{c}m");
        let told = text(&said);
        assert!(told.as_str().chars().all(|c| is_allowed(&c)), "{said:?}: {told:?}");
    }
}
