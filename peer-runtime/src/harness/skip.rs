//! What a test says of itself: that it is skipped, and what its report is to contain.

use std::panic::resume_unwind;

use super::everywhere;
use crate::panic::Skip;
use crate::scope;
use crate::truncate;

/// Ends the test, or the init, that calls it as skipped, for this reason; Common Test's `{skip, Reason}`.
///
/// It unwinds like a panic, without a message: call it on the thread of the test, or in a task whose panic the test passes
/// on with [`resume_unwind`]. A test that fails after a skip elsewhere reports that skip. A skip does not change the exit
/// status. If an init skips, everything below it is skipped. Stock libtest cannot skip: there the test passes, and the reason
/// is in its output. A reason longer than 64 KiB loses its middle.
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

/// Adds a line to the report of the test that calls it; Common Test's `ct:comment/1`. JSON and JUnit always contain it, the
/// report for people only if the test fails. A hook around a test comments on that test; a hook of a group or of the suite
/// comments on itself, if it fails.
///
/// In a body that runs [everywhere](crate::Rank) the line names the rank. Outside the scope of a test it is dropped.
/// A text longer than 64 KiB loses its middle; one test keeps the last MiB of its comments.
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
