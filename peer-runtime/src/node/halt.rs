//! The ends of a node: in order, with its stop hooks, and at once when its origin is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use parking_lot::Mutex;
use rustix::process::Signal;

use super::runtime;
use crate::panic;
use crate::sys;
use crate::timeouts::{Deadline, LAST_WORDS};
use crate::wire::message::{self, ToOrigin};

/// The exit status of a node whose control connection closed, as in OTP.
const CONNECTION_LOST: i32 = 1;

type Hook = Box<dyn FnOnce() + Send>;

static HOOKS: Mutex<Vec<Hook>> = Mutex::new(Vec::new());

/// Ends this process with `status`, at once: what was printed and sent arrives, stop hooks do not run.
///
/// What `erlang:halt/1` is in OTP.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn give_up() { peer::node::halt(3) }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// let error = peer.call(give_up, ()).await.unwrap_err();
/// assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
/// # Ok(()) }
/// ```
pub fn halt(status: i32) -> ! {
    if let Some(node) = runtime::get() {
        node.out.finish(&message::small(&ToOrigin::Bye), Deadline::after(LAST_WORDS));
    }
    end_group();
    #[expect(clippy::disallowed_methods, reason = "halting is ending the process")]
    std::process::exit(status)
}

/// Whether this process ends with its parent, as those do whose parent is a keeper.
static KEPT: OnceLock<bool> = OnceLock::new();

/// Finds that out; on the first thread, which is the one that it is known of.
pub(super) fn find_keeper() {
    let kept = rustix::process::parent_process_death_signal() == Ok(Some(Signal::KILL));
    // Once, before main.
    let _ = KEPT.set(kept);
}

/// Ends what this node started in its group; itself it leaves the group first, to end with a status of its own.
/// Only on another machine, or behind a prefix that stays: where the keeper is its parent, that one does more.
fn end_group() {
    if KEPT.get() == Some(&true) {
        return;
    }
    let own = rustix::process::getpid();
    let parent = rustix::process::getpgid(rustix::process::getppid());
    if rustix::process::getpgrp() == own
        && let Ok(group) = parent
        && rustix::process::setpgid(None, Some(group)).is_ok()
    {
        // Fails if the group is empty.
        let _ = rustix::process::kill_process_group(own, Signal::KILL);
    }
}

/// Has `hook` run when this node is stopped with [`Shutdown::Graceful`](crate::Shutdown::Graceful);
/// the last one first. It may take as long as that policy says.
///
/// ```
/// use peer::prelude::*;
/// # use std::time::Duration;
/// #[remote]
/// fn prepare(note: peer::Address<String>) {
///     peer::node::on_stop(move || note.send("flushed".to_owned()));
/// }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let notes = mailbox::<String>("notes");
/// let peer = peer::start(StartOptions::new().shutdown(Shutdown::Graceful(Duration::from_secs(5)))).await?;
/// peer.call(prepare, (notes.address(),)).await?;
/// peer.stop().await?;
/// assert_eq!(notes.recv().await?, "flushed");
/// # Ok(()) }
/// ```
pub fn on_stop(hook: impl FnOnce() + Send + 'static) {
    HOOKS.lock().push(Box::new(hook));
}

/// Runs the stop hooks, then halts. A hook that panics has said so; the others still run.
pub(super) fn shut_down() -> ! {
    loop {
        let hook = HOOKS.lock().pop();
        match hook {
            Some(hook) => {
                if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
                    panic::quietly(|| drop(payload));
                }
            }
            None => halt(0),
        }
    }
}

/// The control connection is gone: nothing may keep this process, nor what it started, alive.
pub(super) fn connection_lost() -> ! {
    let own = rustix::process::getpid();
    if rustix::process::getpgrp() == own {
        // This process too: its status matters to no one without a connection.
        let _ = rustix::process::kill_process_group(own, Signal::KILL);
    }
    sys::exit_now(CONNECTION_LOST)
}
