//! Retries: when a failed test runs again, and what its attempts come to together.

use crate::harness::declare::Test;
use crate::harness::outcome::{AttemptOutcome, Fault, Verdict, passes};

/// What the attempts of a test came to.
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    /// Those before the last one, without their output.
    pub(super) attempts: Vec<AttemptOutcome>,
    pub(super) last: AttemptOutcome,
}

/// Runs `attempt`, which receives its number, until the test passes or has no retries left, or another attempt would be
/// pointless.
pub(super) fn run(
    test: &Test,
    is_pointless: impl Fn() -> bool,
    mut attempt: impl FnMut(u32) -> AttemptOutcome,
) -> Tried {
    let mut attempts: Vec<AttemptOutcome> = Vec::new();
    for number in 1.. {
        let last = attempt(number);
        if number <= test.retries && !is_pointless() && may_pass_on_retry(test, last.fault.as_ref()) {
            // Its report says what went wrong, and not what its peers printed.
            attempts.push(AttemptOutcome { peers: Default::default(), output: Vec::new(), ..last });
            continue;
        }
        let failed_before = attempts.last().map(|attempt| Verdict::of_attempt(test, attempt.fault.as_ref()));
        let verdict = match (Verdict::of_attempt(test, last.fault.as_ref()), failed_before) {
            (Verdict::Passed, Some(_)) => Verdict::Flaky { attempt: number },
            // A skip makes up for no failure.
            (Verdict::Ignored(_), Some(failed)) => failed,
            (verdict, _) => verdict,
        };
        return Tried { verdict, attempts, last };
    }
    unreachable!("there are fewer retries than numbers")
}

/// Whether an attempt failed for something that another one may do better.
fn may_pass_on_retry(test: &Test, fault: Option<&Fault>) -> bool {
    match fault {
        fault if passes(test, fault) => false,
        Some(fault @ Fault::Init { .. }) => fault.is_infrastructure(),
        Some(fault) => Verdict::of(fault).fails(),
        None => true,
    }
}
