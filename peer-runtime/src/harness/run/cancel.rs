//! Ending a run early: the first interrupt cancels it and leaves cleanup a grace period, the second one kills the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::io_thread;
use crate::process;
use crate::sys;
use crate::timeouts::{self, Deadline};

/// The exit status after a second interrupt, as of a shell's command that SIGINT has ended.
const INTERRUPTED_AGAIN: i32 = 130;

type Callback = Box<dyn Fn() + Send + Sync>;

/// Whether the run is cancelled, and who wants to know.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// When the run was interrupted.
    at: watch::Sender<Option<Instant>>,
    /// Called in the order in which they subscribed.
    callbacks: Mutex<BTreeMap<u64, Callback>>,
    next: AtomicU64,
}

/// While it lives, its callback is called when the run is interrupted.
pub(super) struct Subscription {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.callbacks.lock().remove(&self.id);
    }
}

impl Cancel {
    /// From now on SIGINT and SIGTERM interrupt the run.
    pub(crate) fn watch_signals(&self) -> std::io::Result<()> {
        let _entered = io_thread::handle().enter();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let shared = Arc::clone(&self.0);
        io_thread::handle().spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if shared.at.borrow().is_some() {
                    // The keeper ends everything below this process.
                    sys::exit_now(INTERRUPTED_AGAIN);
                }
                shared.interrupt();
            }
        });
        Ok(())
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.0.at.borrow().is_some()
    }

    /// How long cleanup that starts now may take, if the run is interrupted: half of what is left of the grace period, so
    /// that the cleanup around it has its share.
    pub(super) fn cleanup_limit(&self) -> Option<Duration> {
        let at = (*self.0.at.borrow())?;
        Some(timeouts::interrupt_grace(at.elapsed()))
    }

    /// Completes when the run is interrupted and cleanup that starts then has used up its time.
    pub(super) async fn grace_expired(&self) {
        let mut at = self.0.at.subscribe();
        if at.wait_for(Option::is_some).await.is_ok() {
            Deadline::after(self.cleanup_limit().unwrap_or_default()).passed().await;
        }
    }

    /// Calls `callback` when the run is interrupted; at once if it already is.
    pub(super) fn subscribe(&self, callback: impl Fn() + Send + Sync + 'static) -> Subscription {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut callbacks = self.0.callbacks.lock();
        if self.is_interrupted() {
            callback();
        }
        callbacks.insert(id, Box::new(callback));
        drop(callbacks);
        Subscription { shared: Arc::clone(&self.0), id }
    }
}

impl Shared {
    fn interrupt(&self) {
        process::interrupted();
        let callbacks = self.callbacks.lock();
        self.at.send_replace(Some(Instant::now()));
        callbacks.values().for_each(|callback| callback());
    }
}
