//! JUnit reports, checked against the schema that their readers have.

use std::path::Path;
use std::process::Command;

use peer::prelude::*;

use crate::installed::installed;
use crate::suite::suite;
use crate::support::{Folder, run};

#[peer_test(timetrap = "off")]
async fn junit_reports_are_valid() {
    let xmllint = installed("xmllint", "libxml2-utils");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/junit.xsd");
    let folder = Folder::new();
    let runs: [(&str, &[&str]); 5] = [
        ("suite_main", &["--include-ignored", "--exact", "cases::fails_with_options", "cases::passes"]),
        ("suite_groups", &["controls::"]),
        ("suite_groups", &["directories::", "--test-threads=1"]),
        ("suite_hanging", &["--ignored", "--exact", "hanging::exits"]),
        (
            "suite_hanging",
            &["--ignored", "--exact", "--test-threads=1", "crashing::fails", "crashing::exits_on_a_worker"],
        ),
    ];
    for (name, arguments) in runs {
        let report = folder.path("report.xml");
        let mut command = suite(name, arguments);
        run(command.arg("--junit").arg(&report).env("PEER_KEEP_DIRS", "0")).failed();
        valid(&xmllint, schema, &report);
        std::fs::remove_file(&report).unwrap();
    }
}

#[track_caller]
fn valid(xmllint: &Path, schema: &str, report: &Path) {
    let checked = Command::new(xmllint).args(["--noout", "--schema", schema]).arg(report).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
