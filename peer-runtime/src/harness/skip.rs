//! What a test says of itself: that it is skipped, and what its report is to contain.

use std::panic::resume_unwind;

use super::everywhere;
use crate::panic::Skip;
use crate::scope;
use crate::truncate;

/// Ends the test, or the init, that calls it as skipped, for this reason; Common Test's `{skip, Reason}`.
///
/// It unwinds like a panic, without a message; so it has to be called on the thread of the test, or in a task that the test
/// awaits by [`resume_unwind`]; a test that fails behind one that was called elsewhere says so. A skip fails nothing: the exit status is the same as without the test. Below an init that
/// skips, everything is skipped. Under stock libtest, which has no such verdict, the test passes, and shows the reason with
/// its output. Of a reason that is longer than 64 KiB both ends are told.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_test(nodes = 2)]
/// async fn survives_a_partition(nodes: Nodes) {
///     if !std::path::Path::new("/dev/net/tun").exists() {
///         peer::skip("there is no tun device here");
///     }
///     assert_eq!(nodes.len(), 2);
/// }
/// # fn main() {}
/// ```
pub fn skip(why: impl Into<String>) -> ! {
    let why = truncate::text(&why.into()).into_owned();
    if let Some(scope) = scope::scope() {
        scope.panics().skip(&why);
    }
    resume_unwind(Box::new(Skip(why)))
}

/// Adds a line to the report of the test that calls it; Common Test's `ct:comment/1`. In JSON and JUnit it is there whether the test passes
/// or fails, in what a person reads if it fails. Hooks around a test comment on that test, those of a group and of the suite on themselves, if they
/// fail.
///
/// In a body that runs [everywhere](crate::Rank) it is told with the rank. It belongs to the current scope; where there is none, or no test's, nobody reads it.
/// Of a text that is longer than 64 KiB both ends are told, and of all comments on one test the last MiB.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_test(nodes = 3)]
/// async fn elects_a_leader(nodes: Nodes) {
///     let rounds = nodes.len();
///     peer::comment(format!("{rounds} rounds until there was a leader"));
/// }
/// # fn main() {}
/// ```
pub fn comment(text: impl Into<String>) {
    let text = truncate::text(&text.into()).into_owned();
    if everywhere::comment(&text) {
        return;
    }
    if let Some(scope) = scope::scope() {
        scope.comment(text);
    }
}
