//! Serving the control connection with a leader and followers.
//!
//! The leader reads. It gives the lead away before it runs a call, and answers by itself, so that a
//! short call costs no other thread, and a long one blocks nobody: somebody always reads. Whoever is
//! done takes the lead back if it is free, which is how a burst of calls is run without waking one
//! thread for each; the replies of a burst are sent together, at the latest by the next leader.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use super::boot::{self, Prepared};
use super::{NODE, NodeRuntime, barrier, call, halt};
use crate::link::blocking::Incoming;
use crate::mailbox::Message;
use crate::owner::PeerEvent;
use crate::sys;
use crate::timeouts::{COME_BACK, Deadline};
use crate::wire::frame::Item;
use crate::wire::message::{self, ToOrigin, ToPeer};

/// As much as a main thread usually has: remote functions are the main thing here.
const STACK: usize = 8 << 20;
/// Threads that wait for the lead beside the leader; more of them end.
const WAITING: usize = 8;

struct Lead {
    incoming: Mutex<Incoming>,
    waiting: AtomicUsize,
    /// The leader, while it hopes for one that comes back from its call, since there is no room for another thread.
    hoping: Mutex<Option<Thread>>,
    /// It has hoped in vain, and nobody has come back since.
    hopeless: AtomicBool,
}

impl Lead {
    /// This thread waits from now on; whether it should.
    fn come_back(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return false;
        }
        self.hopeless.store(false, Ordering::SeqCst);
        if let Some(leader) = &*self.hoping.lock() {
            leader.unpark();
        }
        true
    }

    /// Whether somebody waits, or does so in a moment: one that has just replied may not be back yet.
    fn somebody_comes_back(&self) -> bool {
        if self.hopeless.load(Ordering::SeqCst) {
            return false;
        }
        *self.hoping.lock() = Some(thread::current());
        let deadline = Deadline::after(COME_BACK);
        let mut comes = false;
        while !comes && !deadline.left().is_zero() {
            comes = self.waiting.load(Ordering::SeqCst) > 0;
            if !comes {
                thread::park_timeout(deadline.left());
            }
        }
        *self.hoping.lock() = None;
        self.hopeless.store(!comes, Ordering::SeqCst);
        comes
    }
}

/// Serves on new threads, reports the node as started, and keeps this one for good: for a node without main.
pub(crate) fn serve_here(prepared: Prepared) -> ! {
    sys::ignore_sigpipe();
    sys::report_stack_overflow();
    crate::panic::record_panics(crate::panic::Says::Us);
    if let Ok(name) = std::ffi::CString::new(prepared.name()) {
        // `ps` shows it in place of "exe"; it is cut to what the kernel keeps.
        let _ = rustix::thread::set_name(&name);
    }
    serve_beside(prepared);
    if let Some(node) = NODE.get() {
        node.started();
    }
    loop {
        thread::park();
    }
}

/// Serves on new threads beside the caller.
pub(super) fn serve_beside(prepared: Prepared) {
    let (node, incoming) = match prepared.connect() {
        Ok(connected) => connected,
        Err(error) => boot::fail(&error.to_string()),
    };
    let node = NODE.get_or_init(|| node);
    let lead = Box::leak(Box::new(Lead {
        incoming: Mutex::new(incoming),
        waiting: AtomicUsize::new(0),
        hoping: Mutex::new(None),
        hopeless: AtomicBool::new(false),
    }));
    // One leads, and one runs calls: where there is no room for more threads, a node that is started still works.
    if let Err(error) = follower(node, lead).and_then(|()| follower(node, lead)) {
        boot::fail(&format!("no thread for the control connection and for calls: {error}; see `ulimit -a`"));
    }
}

/// Starts a thread that takes the lead when it is free.
fn follower(node: &'static NodeRuntime, lead: &'static Lead) -> std::io::Result<()> {
    // Counted from here on, so that nobody starts another one meanwhile.
    lead.waiting.fetch_add(1, Ordering::Relaxed);
    let run = move || {
        sys::watch_this_thread();
        while serve(node, lead) && lead.come_back() {}
    };
    let spawned = thread::Builder::new().name("peer-call".to_owned()).stack_size(STACK).spawn(run);
    if spawned.is_err() {
        lead.waiting.fetch_sub(1, Ordering::Relaxed);
    }
    spawned.map(drop)
}

/// Leads until a call takes this thread, and runs that.
fn serve(node: &'static NodeRuntime, lead: &'static Lead) -> bool {
    let mut incoming = lead.incoming.lock();
    lead.waiting.fetch_sub(1, Ordering::Relaxed);
    loop {
        let frame = loop {
            match incoming.stream.next() {
                Ok(Some(Item::Frame(frame))) => break frame,
                Ok(None) => {}
                Ok(Some(Item::Console(_))) | Err(_) => protocol_broken(node),
            }
            node.out.flush_if_idle();
            if incoming.fill() == 0 {
                halt::connection_lost();
            }
        };
        let Ok((message, payload)) = message::decode::<ToPeer<'_>>(frame) else { protocol_broken(node) };
        let seq = match message {
            ToPeer::Call { seq, .. } => Some(seq),
            ToPeer::Cast { .. } => None,
            other => {
                handle(node, other, payload);
                continue;
            }
        };
        let frame = frame.to_vec();
        if lead.waiting.load(Ordering::Relaxed) == 0
            && let Err(error) = follower(node, lead)
            && !lead.somebody_comes_back()
        {
            // Who leads must go on reading: nothing else would hear a halt, or the end of the connection.
            call::refuse(node, seq, &format!("the node has no thread to run it on: {error}"));
            continue;
        }
        // Given away: from here on somebody else reads.
        drop(incoming);
        if let Ok((ToPeer::Call { function, .. } | ToPeer::Cast { function }, payload)) =
            message::decode::<ToPeer<'_>>(&frame)
            && !call::run(node, seq, &function, payload)
        {
            node.out.flush();
        }
        // Nobody has taken the lead yet, and there is more: that is ours, and its reply may go with this one.
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

/// What is done by the leader itself, at once.
fn handle(node: &'static NodeRuntime, message: ToPeer<'_>, payload: &[u8]) {
    match message {
        ToPeer::Message { to, type_name, encoding } => {
            let message = Message { to, type_name: type_name.to_owned(), encoding, payload: payload.to_vec() };
            // What is to be said of that is about the mailboxes of this node.
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
        ToPeer::Barrier { id, verdict } => barrier::told(id, verdict),
        ToPeer::Ping => node.tell(&ToOrigin::Pong, &[]),
        // A second specification says nothing new; calls are the caller's business.
        ToPeer::Boot(_) | ToPeer::Call { .. } | ToPeer::Cast { .. } => {}
    }
}

/// The origin sent bytes that are no message: nothing after them can be trusted.
fn protocol_broken(node: &NodeRuntime) -> ! {
    node.note("the origin sent bytes that are no message; the node ends");
    halt::connection_lost()
}
