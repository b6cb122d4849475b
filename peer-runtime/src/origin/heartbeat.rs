//! Heartbeats: they find the end of a connection that can be half-open.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::connection::ConnectionEvent;
use super::shared::PeerShared;
use crate::timeouts::{HEARTBEATS_MISSED, heartbeat};
use crate::wire::message::{self, ToPeer};

pub(super) async fn beat(
    shared: &PeerShared,
    needed: bool,
    heard: &AtomicBool,
    events: &mpsc::UnboundedSender<ConnectionEvent>,
) {
    if !needed {
        return;
    }
    let mut beat = tokio::time::interval(heartbeat());
    // After a pause of this process what has arrived is read first.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0;
    loop {
        beat.tick().await;
        if shared.hello.get().is_none() {
            continue;
        }
        // A paused peer cannot answer.
        missed = if heard.swap(false, Ordering::Relaxed) || shared.faults.is_paused() { 0 } else { missed + 1 };
        if missed >= HEARTBEATS_MISSED {
            // Fails if the control process has ended.
            let _ = events.send(ConnectionEvent::Silent);
            return;
        }
        shared.outbox.send(&message::small(&ToPeer::Ping));
    }
}
