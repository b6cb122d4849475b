//! Serving the control connection with a leader and followers.
//!
//! The leader reads. It gives the lead away before it runs a call, and answers by itself, so that a
//! short call costs no other thread, and a long one blocks none: some thread always reads. A thread
//! whose call is done takes the lead back if it is free, so that a burst of calls runs without a wake-up
//! for each; the replies of a burst are sent together, at the latest by the next leader.

use std::thread;

use parking_lot::{Condvar, Mutex};

use super::boot::{self, Prepared};
use super::runtime::{self, NodeRuntime};
use super::{barrier, call, halt};
use crate::link::blocking::Incoming;
use crate::mailbox::Message;
use crate::owner::PeerEvent;
use crate::panic::{self, PanicOutput};
use crate::sys;
use crate::timeouts::COME_BACK;
use crate::wire::frame::Item;
use crate::wire::message::{self, ToOrigin, ToPeer};

/// As much as a main thread usually has: a node exists to run remote functions.
const STACK: usize = 8 << 20;
/// Threads that wait for the lead beside the leader; more of them end.
const WAITING: usize = 8;

struct Lead {
    incoming: Mutex<Incoming>,
    /// How many threads wait for the lead.
    waiting: Mutex<usize>,
    came_back: Condvar,
}

impl Lead {
    /// Counts this thread among those that wait; `false` if there are enough.
    fn come_back(&self) -> bool {
        let mut waiting = self.waiting.lock();
        if *waiting >= WAITING {
            return false;
        }
        *waiting += 1;
        self.came_back.notify_one();
        true
    }

    /// Whether a thread waits, or does so in a moment: one that has just replied may not be back yet.
    fn has_follower_soon(&self) -> bool {
        let mut waiting = self.waiting.lock();
        !self.came_back.wait_while_for(&mut waiting, |waiting| *waiting == 0, COME_BACK).timed_out()
    }
}

/// Serves on new threads, reports the node as started, and keeps this one for good: for a node without main.
pub(crate) fn serve_here(prepared: Prepared) -> ! {
    sys::ignore_sigpipe();
    sys::report_stack_overflow();
    panic::record_panics(PanicOutput::Print);
    if let Ok(name) = std::ffi::CString::new(prepared.name()) {
        // `ps` shows it in place of "exe"; the kernel cuts it.
        let _ = rustix::thread::set_name(&name);
    }
    serve_beside(prepared).started();
    loop {
        thread::park();
    }
}

/// Serves on new threads beside the caller.
pub(super) fn serve_beside(prepared: Prepared) -> &'static NodeRuntime {
    let (node, incoming) = prepared.connect().unwrap_or_else(|error| boot::fail(&error.to_string()));
    let node = runtime::enter(node);
    let incoming = Mutex::new(incoming);
    let lead = Box::leak(Box::new(Lead { incoming, waiting: Mutex::new(0), came_back: Condvar::new() }));
    // One leads, and one runs calls: a node that is started works even where there is no room for more threads.
    if let Err(error) = follower(node, lead).and_then(|()| follower(node, lead)) {
        boot::fail(&format!("no thread for the control connection and for calls: {error}; see `ulimit -a`"));
    }
    node
}

/// Starts a thread that takes the lead when it is free.
fn follower(node: &'static NodeRuntime, lead: &'static Lead) -> std::io::Result<()> {
    // Counted from here on, so that no other thread starts one meanwhile.
    *lead.waiting.lock() += 1;
    let run = move || {
        sys::watch_this_thread();
        while serve(node, lead) && lead.come_back() {}
    };
    let spawned = thread::Builder::new().name("peer-call".to_owned()).stack_size(STACK).spawn(run);
    if spawned.is_err() {
        *lead.waiting.lock() -= 1;
    }
    spawned.map(drop)
}

/// Leads until a call takes this thread, and runs that.
fn serve(node: &'static NodeRuntime, lead: &'static Lead) -> bool {
    let mut incoming = lead.incoming.lock();
    *lead.waiting.lock() -= 1;
    loop {
        let frame = next_frame(node, &mut incoming);
        let Ok((message, payload)) = message::decode::<ToPeer<'_>>(&frame) else { protocol_broken(node) };
        let (seq, function) = match message {
            ToPeer::Call { seq, function } => (Some(seq), function),
            ToPeer::Cast { function } => (None, function),
            other => {
                handle(node, other, payload);
                continue;
            }
        };
        let is_followed = *lead.waiting.lock() > 0;
        if !is_followed
            && let Err(error) = follower(node, lead)
            && !lead.has_follower_soon()
        {
            // The leader must go on reading: no other thread would find a halt, or the end of the connection.
            call::refuse(node, seq, &format!("the node has no thread to run it on: {error}"));
            continue;
        }
        // From here on another thread reads.
        drop(incoming);
        if !call::run(node, seq, &function, payload) {
            node.out.flush();
        }
        // The lead is free still, and there is more: this thread takes it, and its reply may go with the next one.
        let back = lead.incoming.try_lock().filter(|incoming| incoming.stream.has_frame());
        match back {
            Some(back) => incoming = back,
            None => {
                node.out.flush();
                return true;
            }
        }
    }
}

/// Reads the next frame. It is copied, so that the next leader can read into the buffer.
fn next_frame(node: &NodeRuntime, incoming: &mut Incoming) -> Vec<u8> {
    loop {
        match incoming.stream.next() {
            Ok(Some(Item::Frame(frame))) => return frame.to_vec(),
            Ok(None) => {}
            Ok(Some(Item::Console(_))) | Err(_) => protocol_broken(node),
        }
        node.out.flush_if_idle();
        if incoming.fill() == 0 {
            halt::connection_lost();
        }
    }
}

/// Handles what the leader itself does, at once.
fn handle(node: &'static NodeRuntime, message: ToPeer<'_>, payload: &[u8]) {
    match message {
        ToPeer::Message { to, type_name, encoding } => {
            let message = Message { to, type_name: type_name.to_owned(), encoding, payload: payload.to_vec() };
            node.owner.event(&node.name, PeerEvent::Message(message));
        }
        ToPeer::Halt => halt::halt(0),
        ToPeer::Shutdown => {
            // A hook may take long, and may call for something that the leader has to read.
            let hooks = thread::Builder::new().name("peer-stop".to_owned()).spawn(|| halt::shut_down());
            if hooks.is_err() {
                halt::halt(0);
            }
        }
        ToPeer::Input => node.input.feed(payload),
        ToPeer::EndOfInput => node.input.end(),
        ToPeer::Barrier { id, verdict } => barrier::answered(id, verdict),
        ToPeer::Ping => node.send(&ToOrigin::Pong, &[]),
        // A second specification changes nothing; `serve` runs calls.
        ToPeer::Boot(_) | ToPeer::Call { .. } | ToPeer::Cast { .. } => {}
    }
}

/// Ends the node: the origin sent bytes that are no message, and nothing after them can be trusted.
fn protocol_broken(node: &NodeRuntime) -> ! {
    node.note("the origin sent bytes that are no message; the node ends");
    halt::connection_lost()
}
