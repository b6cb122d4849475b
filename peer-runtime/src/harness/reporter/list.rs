//! `--list`: the tests that would run, in libtest's words; as JSON they are its events of a discovery.

use libtest_mimic::FormatSetting;
use serde::Serialize;

use super::super::tests::Test;
use super::json::line;

/// A line per test, or an object per test between the first and the last one.
pub(in super::super) fn list(tests: &[&Test], format: FormatSetting) -> String {
    if format != FormatSetting::Json {
        return tests.iter().map(|test| format!("{}: test\n", test.path())).collect();
    }
    let ignored = tests.iter().filter(|test| test.ignore.is_some()).count();
    let mut text = line(&Begun { r#type: "suite", event: "discovery" });
    text.extend(tests.iter().map(|test| line(&Discovered::of(test, &test.path()))));
    text.push_str(&line(&Ended {
        r#type: "suite",
        event: "completed",
        tests: tests.len(),
        benchmarks: 0,
        total: tests.len(),
        ignored,
    }));
    text
}

#[derive(Serialize)]
struct Begun {
    r#type: &'static str,
    event: &'static str,
}

#[derive(Serialize)]
struct Discovered<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    ignore: bool,
    ignore_message: &'a str,
    source_path: &'a str,
    start_line: u32,
    start_col: u32,
}

impl<'a> Discovered<'a> {
    fn of(test: &'a Test, name: &'a str) -> Self {
        Self {
            r#type: "test",
            event: "discovered",
            name,
            ignore: test.ignore.is_some(),
            ignore_message: test.ignore.unwrap_or_default(),
            source_path: test.place.file,
            start_line: test.place.line,
            start_col: test.place.column,
        }
    }
}

#[derive(Serialize)]
struct Ended {
    r#type: &'static str,
    event: &'static str,
    tests: usize,
    benchmarks: usize,
    total: usize,
    ignored: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_listed_in_libtests_words() {
        let ignored = Test { name: "slow", ignore: Some("takes a day"), ..Test::PASSES };
        assert_eq!(list(&[&ignored], FormatSetting::Terse), "sample::slow: test\n");
        assert_eq!(list(&[], FormatSetting::Pretty), "");
        assert_eq!(
            list(&[&ignored, &Test::PASSES], FormatSetting::Json),
            r#"{"type":"suite","event":"discovery"}
{"type":"test","event":"discovered","name":"sample::slow","ignore":true,"ignore_message":"takes a day","source_path":"suite.rs","start_line":3,"start_col":1}
{"type":"test","event":"discovered","name":"sample::passes","ignore":false,"ignore_message":"","source_path":"suite.rs","start_line":3,"start_col":1}
{"type":"suite","event":"completed","tests":2,"benchmarks":0,"total":2,"ignored":1}
"#
        );
    }
}
