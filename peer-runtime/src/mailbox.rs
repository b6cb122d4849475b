//! Mailboxes: named receivers of typed messages, and the addresses they can be reached by.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::codec::Encoding;
use crate::error::{Error, ErrorKind};
use crate::io_thread;
use crate::random;
use crate::timeouts::{CALL, Deadline};

mod address;

pub use address::{Address, Recipient};
pub(crate) use address::{ROOT, Target};

/// Messages that may wait in one mailbox; then the oldest is dropped, and the console says so.
const ROOM: usize = 65_536;
/// And their bytes.
const BYTES: usize = 256 << 20;

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) to: Target,
    pub(crate) type_name: String,
    pub(crate) encoding: Encoding,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    /// Puts `message` into an envelope; the error says why it cannot be encoded.
    pub(crate) fn new<M: Serialize + ?Sized>(to: Target, encoding: Encoding, message: &M) -> Result<Self, String> {
        let mut payload = Vec::new();
        encoding.append(message, &mut payload)?;
        let type_name = owned_name(std::any::type_name::<M>());
        Ok(Self { to, type_name, encoding, payload })
    }
}

/// The type as which a value of type `name` arrives: a reference, a text or a slice as the owned type.
fn owned_name(name: &str) -> String {
    let name = name.trim_start_matches('&');
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(item) if !item.contains(';') => format!("alloc::vec::Vec<{item}>"),
        None if name == "str" => "alloc::string::String".to_owned(),
        _ => name.to_owned(),
    }
}

/// The number of this process in the addresses of its mailboxes.
pub(crate) fn home() -> u128 {
    static HOME: OnceLock<u128> = OnceLock::new();
    *HOME.get_or_init(|| u128::from_ne_bytes(random::bytes()))
}

/// The mailboxes of one scope or node, by name.
#[derive(Debug)]
pub(crate) struct Mailboxes {
    id: u64,
    /// What this process was built from.
    build: u128,
    table: Mutex<QueueTable>,
}

#[derive(Debug, Default)]
struct QueueTable {
    queues: HashMap<String, Arc<Queue>>,
    /// Why nothing is received any more, in mailboxes that are opened later, too.
    closed: Option<String>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<WaitingMessages>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct WaitingMessages {
    messages: VecDeque<Message>,
    /// Whether it was ever opened.
    opened: bool,
    bytes: usize,
    dropped: u64,
    closed: Option<String>,
}

impl Mailboxes {
    pub(crate) fn new(build: u128) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(ROOT + 1);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), build, table: Mutex::default() }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    fn queue(&self, name: &str) -> Arc<Queue> {
        let mut table = self.table.lock();
        let QueueTable { queues, closed } = &mut *table;
        let queue = queues.entry(name.to_owned()).or_default();
        queue.waiting.lock().closed.clone_from(closed);
        Arc::clone(queue)
    }

    /// The mailbox `name`, with what has arrived for it already.
    pub(crate) fn open<T>(&self, name: &str) -> Mailbox<T> {
        let queue = self.queue(name);
        queue.waiting.lock().opened = true;
        Mailbox {
            address: Address {
                home: home(),
                build: self.build,
                table: self.id,
                name: name.to_owned(),
                of: PhantomData,
            },
            queue,
        }
    }

    /// Puts `message` into its mailbox. The error is a note: a message was dropped, or waits for the mailbox to be opened.
    pub(crate) fn put(&self, message: Message) -> Result<(), String> {
        let name = message.to.name().to_owned();
        // A sender to all nodes of a test cannot know how far each of them is.
        let may_be_early = matches!(message.to, Target::Address { table: ROOT, .. });
        let queue = self.queue(&name);
        let mut waiting = queue.waiting.lock();
        if let Some(why) = &waiting.closed {
            return Err(format!("a message for mailbox `{name}` was dropped: {why}"));
        }
        waiting.bytes += message.payload.len();
        let before = waiting.dropped;
        while (waiting.messages.len() >= ROOM || waiting.bytes > BYTES)
            && let Some(oldest) = waiting.messages.pop_front()
        {
            waiting.bytes -= oldest.payload.len();
            waiting.dropped += 1;
        }
        let first_dropped = before == 0 && waiting.dropped > 0;
        waiting.messages.push_back(message);
        let first_unclaimed = !may_be_early && !waiting.opened && waiting.messages.len() == 1;
        let waits = waiting.messages.len();
        drop(waiting);
        queue.arrived.notify_one();
        if first_dropped {
            Err(format!("mailbox `{name}` is full: {waits} messages wait in it, and the oldest make room from now on"))
        } else if first_unclaimed {
            Err(format!("a message arrived for mailbox `{name}`, which nobody has opened yet: it waits there"))
        } else {
            Ok(())
        }
    }

    pub(crate) fn close(&self, why: &str) {
        let mut table = self.table.lock();
        table.closed = Some(why.to_owned());
        for queue in table.queues.values() {
            queue.waiting.lock().closed = Some(why.to_owned());
            queue.arrived.notify_waiters();
            queue.arrived.notify_one();
        }
    }
}

/// A named receiver of messages of type `T`.
///
/// All handles of one name in one scope receive from the same mailbox. Messages wait in it until
/// they are received, also those that came before it was opened.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn greet(to: peer::Address<String>) { to.send(&"hello".to_owned()); }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let replies = mailbox::<String>("replies");
/// let peer = peer::start(()).await?;
/// peer.call(greet, (replies.address(),)).await?;
/// assert_eq!(replies.recv().await?, "hello");
/// # peer.stop().await?; Ok(()) }
/// ```
pub struct Mailbox<T> {
    queue: Arc<Queue>,
    address: Address<T>,
}

impl<T> Mailbox<T> {
    /// The name it was opened by.
    pub fn name(&self) -> &str {
        &self.address.name
    }

    /// What reaches this mailbox from anywhere: it can be passed in calls and messages.
    pub fn address(&self) -> Address<T> {
        self.address.clone()
    }
}

impl<T: DeserializeOwned> Mailbox<T> {
    /// The next message; waits at most 5 s for it.
    ///
    /// # Errors
    /// `is_timeout` when none came, `is_noconnection` when the mailbox's scope has ended, `is_codec` when the message is
    /// not a `T`: both types are named, and only that message is lost.
    pub async fn recv(&self) -> Result<T, Error> {
        self.recv_within(CALL).await
    }

    /// The next message; waits at most `timeout` for it ([`UNLIMITED`](crate::UNLIMITED) is possible).
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_within(&self, timeout: Duration) -> Result<T, Error> {
        let operation = format!("receive from mailbox `{}`", self.name());
        let message = io_thread::within(Deadline::after(timeout), async {
            loop {
                let arrived = self.queue.arrived.notified();
                {
                    let mut waiting = self.queue.waiting.lock();
                    if let Some(message) = waiting.messages.pop_front() {
                        waiting.bytes -= message.payload.len();
                        if !waiting.messages.is_empty() {
                            self.queue.arrived.notify_one();
                        }
                        return Ok(message);
                    }
                    if let Some(why) = &waiting.closed {
                        return Err(why.clone());
                    }
                }
                arrived.await;
            }
        });
        match message.await {
            None => Err(Error::timeout(operation, timeout, "message")),
            Some(Err(why)) => Err(Error::new(ErrorKind::NoConnection(None), operation, why)),
            Some(Ok(message)) => {
                let wanted = std::any::type_name::<T>();
                let mismatch = |fault: &str| {
                    let what = format!("the message is a `{}`, not a `{wanted}` ({fault})", message.type_name);
                    Error::new(ErrorKind::Codec, operation.clone(), what)
                };
                if message.encoding == Encoding::Postcard && message.type_name != wanted {
                    return Err(mismatch("sent as another type"));
                }
                message.encoding.decode(&message.payload).map_err(|fault| mismatch(&fault))
            }
        }
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("name", &self.address.name).finish_non_exhaustive()
    }
}
