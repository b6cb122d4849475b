//! Reports as CI systems read them: exact, and valid.

use std::process::Command;
use std::time::Duration;

use super::super::sample::{self, assert_golden, description, line, test, verdicts};
use super::*;

/// A report on all verdicts, with a test that failed with two nodes.
fn report() -> String {
    let mut junit = JUnit::new(Path::new("/dev/null"), "suite");
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
    assert_golden("junit.xml", &report());
}

#[test]
fn no_tests_are_a_report_too() {
    let mut junit = JUnit::new(Path::new("/dev/null"), "suite");
    sample::run(&mut junit, None, &[], false);
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <testsuite name=\"suite\" tests=\"0\" skipped=\"0\" errors=\"0\" failures=\"0\" time=\"12.340\"/>\n";
    assert_eq!(junit.xml().expect("it can be written"), expected);
}

#[test]
fn it_is_written_at_the_end() {
    let path = std::env::temp_dir().join(format!("peer-junit-{}.xml", std::process::id()));
    let mut junit = JUnit::new(&path, "suite");
    sample::run(&mut junit, None, &[test("a", Verdict::TimedOut(Duration::from_secs(3)))], false);
    let written = std::fs::read_to_string(&path).expect("it was written");
    // A folder for temporary files is emptied by others, too.
    let _ = std::fs::remove_file(&path);
    assert_eq!(written, junit.xml().expect("it can be written"));
    assert!(
        written
            .contains("<failure message=\"peer test `a` panicked at tests/a.rs:7:5: no quorum\" type=\"timed out\">")
    );
}

#[test]
fn the_suite_is_named_as_its_target() {
    assert_eq!(suite_name(), "peer_runtime");
}

/// What is valid by `junit.xsd` is valid by the schema of Jenkins' xUnit plugin, `junit-10.xsd`, which has more.
#[test]
fn the_report_is_valid_by_the_schema() {
    let folder = std::env::temp_dir().join(format!("peer-junit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("it can be made");
    let path = folder.join("report.xml");
    std::fs::write(&path, report()).expect("it can be written");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/harness/reporter/junit/junit.xsd");
    let ran = Command::new("xmllint").args(["--noout", "--schema"]).arg(schema).arg(&path).output();
    // A folder for temporary files is emptied by others, too.
    let _ = std::fs::remove_dir_all(&folder);
    let ran = ran.expect("xmllint is there (Debian: libxml2-utils)");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
