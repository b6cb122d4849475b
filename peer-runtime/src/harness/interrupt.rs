//! Ending a run early: the first interrupt ends it in order, the second one at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::exit;
use super::words;
use crate::io_thread;
use crate::process;
use crate::sys;
use crate::timeouts::{self, Deadline};

type Tell = Box<dyn Fn() + Send + Sync>;

/// Who is told that the run is to end.
#[derive(Clone, Default)]
pub(super) struct Interrupts(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// When the run was interrupted.
    at: OnceLock<Instant>,
    told: Mutex<HashMap<u64, Tell>>,
    next: AtomicU64,
}

/// While it lives, somebody is told.
pub(super) struct Subscription {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Interrupts {
    /// From now on SIGINT and SIGTERM end the run.
    pub(super) fn watch(&self) -> std::io::Result<()> {
        // The signals are the I/O thread's.
        let _io_thread = io_thread::handle().enter();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let shared = Arc::clone(&self.0);
        io_thread::handle().spawn(async move {
            loop {
                let second = shared.at.get().is_some();
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if second {
                    sys::wait_while_crashing();
                    exit::is_meant(exit::INTERRUPTED);
                    words::tell(&["interrupted again, and ended at once"]);
                    // The keeper ends everything below.
                    #[expect(clippy::disallowed_methods, reason = "whoever asks twice does not want to wait")]
                    std::process::exit(exit::INTERRUPTED.into());
                }
                shared.tell();
            }
        });
        Ok(())
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.0.at.get().is_some()
    }

    /// How much time something has that cleans up from now on, if the run is interrupted.
    pub(super) fn left_for_an_end(&self) -> Option<Duration> {
        self.0.at.get().map(|at| timeouts::end_interrupted(at.elapsed()))
    }

    /// Completes when the run is interrupted, and what cleans up from now on has used up its time.
    pub(super) async fn no_time_left(&self) {
        let told = Arc::new(Notify::new());
        let tells = Arc::clone(&told);
        let _subscription = self.subscribe(move || tells.notify_one());
        told.notified().await;
        Deadline::after(self.left_for_an_end().unwrap_or_default()).passed().await;
    }

    /// `tell` is called when the run is to end; at once if it already is.
    pub(super) fn subscribe(&self, tell: impl Fn() + Send + Sync + 'static) -> Subscription {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_interrupted() {
            tell();
        }
        told.insert(id, Box::new(tell));
        drop(told);
        Subscription { shared: Arc::clone(&self.0), id }
    }
}

impl Shared {
    fn tell(&self) {
        process::interrupted();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // The first one counts.
        let _ = self.at.set(Instant::now());
        told.values().for_each(|tell| tell());
    }
}
