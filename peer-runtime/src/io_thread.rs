//! The I/O thread: one thread with the I/O and the timers of all peers of this process.
//!
//! So a caller who blocks its runtime blocks no peer, and nothing public needs a runtime. It starts with the first use.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::timeouts::Deadline;

pub(crate) fn handle() -> &'static Handle {
    static PLANE: OnceLock<Handle> = OnceLock::new();
    PLANE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // I/O and timers are looked at often: one busy peer keeps no other waiting.
            .event_interval(7)
            .build()
            .unwrap_or_else(|error| panic!("peer: the I/O thread cannot start: {error}"));
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("peer-control".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
            .unwrap_or_else(|error| panic!("peer: the thread of the I/O thread cannot start: {error}"));
        handle
    })
}

/// Waits for `future` until `deadline`, on any executor.
pub(crate) async fn within<F: Future>(deadline: Deadline, future: F) -> Option<F::Output> {
    let mut passed = pin!(deadline.passed());
    let mut future = pin!(future);
    std::future::poll_fn(move |cx: &mut Context<'_>| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        if deadline.instant().is_none() {
            return Poll::Pending;
        }
        let _timer = handle().enter();
        passed.as_mut().poll(cx).map(|()| None)
    })
    .await
}
