//! What becomes of processes that the peers of a test leaked, and of its directory.

use std::path::PathBuf;

use super::fault::Fault;
use super::tests::{Leaks, Test};
use crate::aside;
use crate::leak::Leak;
use crate::scope::Scope;

/// Makes them the fault of a test that would pass and is to fail for them; otherwise tells each,
/// which is what it returns.
pub(super) fn judge(test: &Test, fault: &mut Option<Fault>, leaks: Vec<Leak>) -> Vec<String> {
    let leaks: Vec<String> = leaks.iter().map(Leak::to_string).collect();
    if test.leaks == Leaks::Fail && !leaks.is_empty() && test.passes(fault.as_ref()) {
        *fault = Some(Fault::Leaked(leaks));
        return Vec::new();
    }
    leaks.iter().for_each(|leak| tell_leak(&test.path(), leak));
    leaks
}

/// Prints a leak of a test, or another problem, in one line.
pub(super) fn tell_leak(name: &str, leak: &str) {
    aside::tell(&format!("{name}: {}", leak.replace('\n', " ")));
}

/// Where the directory of a scope is kept for its failure; prints everything else.
pub(super) fn kept_directory(scope: &Scope, passed: bool) -> Option<PathBuf> {
    match scope.clear(passed) {
        Ok(Some(path)) if passed => tell_leak(scope.name(), &format!("directory: {}", path.display())),
        Ok(path) => return path,
        Err(error) => tell_leak(scope.name(), &error.to_string()),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::case::{self, Around};
    use super::super::interrupt::Interrupts;
    use super::super::report::report;
    use super::super::tests::{Body, Doing, ShouldPanic};
    use super::*;
    use crate::owner::{PeerEvent, PeerEvents};
    use crate::scope;

    fn leak() -> Leak {
        let (node, command) = ("db-1".to_owned(), "sleep 1000".to_owned());
        Leak { node, node_pid: 6, pid: 7, command, ancestors: Vec::new(), alive: false }
    }

    fn leaking(panics: bool) -> Doing {
        Box::pin(async move {
            let scope = scope::scope().expect("the test's own");
            scope.event("db-1", PeerEvent::Leaked(leak()));
            assert!(!panics, "no quorum");
            Ok(())
        })
    }

    static TEST: Test =
        Test { name: "leaking", leaks: Leaks::Fail, body: Body::Here(|_| leaking(false)), ..Test::PASSES };
    static PANICS: Test =
        Test { should_panic: ShouldPanic::With("quorum"), body: Body::Here(|_| leaking(true)), ..TEST };
    static OTHERWISE: Test =
        Test { should_panic: ShouldPanic::With("disk"), body: Body::Here(|_| leaking(true)), ..TEST };
    static TOLERANT: Test = Test { leaks: Leaks::Report, ..TEST };

    fn run(test: &'static Test) -> case::Ended {
        let around = Around { limit: crate::timeouts::TIMETRAP, ..Around::default() };
        case::run(test, &around, None, &Interrupts::default(), |_| {})
    }

    #[test]
    fn a_leak_fails_a_test_that_would_pass_and_says_so() {
        for test in [&TEST, &PANICS] {
            let ended = run(test);
            assert!(matches!(ended.fault, Some(Fault::Leaked(_))), "{:?}", ended.fault);
            let report = report(test, &ended);
            let told = "peer test `sample::leaking` (suite.rs:3:1) left a process behind";
            assert!(report.starts_with(told), "{report}");
            assert!(
                report
                    .contains("\n  db-1: leaked process 7 `sleep 1000`, a descendant of the node (os pid 6); killed\n"),
                "{report}"
            );
        }
    }

    #[test]
    fn a_leak_hides_no_other_fault_and_fails_nobody_who_does_not_want_it() {
        let fault = run(&OTHERWISE).fault;
        assert!(matches!(fault, Some(Fault::Panicked { .. })), "{fault:?}");
        let ended = run(&TOLERANT);
        assert!(ended.fault.is_none(), "{:?}", ended.fault);
        // For those who read no standard error.
        assert_eq!(
            ended.comments,
            ["db-1: leaked process 7 `sleep 1000`, a descendant of the node (os pid 6); killed"]
        );
    }
}
