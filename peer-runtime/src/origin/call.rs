//! Calls in flight: from the first poll to the reply or the end of the node, whether somebody still waits for that or not.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::sync::{Notify, oneshot};

use super::shared::PeerShared;
use crate::codec::Encoding;
use crate::error::{Error, Kind};
use crate::panic::RemotePanic;
use crate::state::Reason;
use crate::timeouts::{CALL, Deadline};
use crate::wire::message::Refusal;

/// What ends a call.
pub(super) enum Answer {
    Reply(Vec<u8>),
    Panic(RemotePanic),
    Refused(Refusal, String),
    TimedOut,
    Down(Reason),
}

/// The calls of one peer that it has not answered.
#[derive(Default)]
pub(super) struct Calls {
    next: AtomicU64,
    table: Mutex<Table>,
    /// There is an earlier deadline than the one that is waited for.
    earlier: Notify,
}

#[derive(Default)]
struct Table {
    pending: HashMap<u64, Pending>,
    closed: Option<Reason>,
    armed: Option<Instant>,
}

struct Pending {
    function: Arc<str>,
    since: Instant,
    /// Until when, and who; none when the time was up, or the call was dropped: the node goes on with it.
    waits: Option<(Deadline, oneshot::Sender<Answer>)>,
}

impl Pending {
    fn until(&self) -> Option<Instant> {
        self.waits.as_ref().and_then(|(deadline, _)| deadline.instant())
    }

    fn answer(self, answer: Answer) {
        if let Some((_, waits)) = self.waits {
            // An error says that the caller is no longer interested.
            let _ = waits.send(answer);
        }
    }
}

/// What a peer was asked for and has not answered.
#[derive(Clone)]
pub(super) struct InFlight {
    pub(super) function: Arc<str>,
    pub(super) time: Duration,
    /// Whether somebody still waits for it.
    pub(super) is_waited_for: bool,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock()
    }

    /// The number of a new call.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// What is not answered, first what is waited for, and of both the longest first.
    pub(super) fn in_flight(&self) -> Vec<InFlight> {
        let in_flight = |Pending { function, since, waits }: &Pending| InFlight {
            function: Arc::clone(function),
            time: since.elapsed(),
            is_waited_for: waits.is_some(),
        };
        let mut calls: Vec<_> = self.lock().pending.values().map(in_flight).collect();
        calls.sort_by_key(|call| (!call.is_waited_for, std::cmp::Reverse(call.time)));
        calls
    }

    fn wait_for(&self, seq: u64, function: &Arc<str>, deadline: Deadline) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let mut table = self.lock();
        if let Some(reason) = &table.closed {
            // The receiver is ours: nobody else could have dropped it.
            let _ = answer.send(Answer::Down(reason.clone()));
            return receiver;
        }
        let (function, since) = (Arc::clone(function), Instant::now());
        table.pending.insert(seq, Pending { function, since, waits: Some((deadline, answer)) });
        if let Some(at) = deadline.instant()
            && table.armed.is_none_or(|armed| at < armed)
        {
            table.armed = Some(at);
            drop(table);
            self.earlier.notify_one();
        }
        receiver
    }

    /// Nobody waits for call `seq` any more.
    fn give_up(&self, seq: u64) {
        let waited = self.lock().pending.get_mut(&seq).and_then(|pending| pending.waits.take());
        drop(waited);
    }

    /// Ends call `seq`; a late answer reaches nobody.
    pub(super) fn answer(&self, seq: u64, answer: Answer) {
        let pending = self.lock().pending.remove(&seq);
        if let Some(pending) = pending {
            pending.answer(answer);
        }
    }

    /// Ends all calls, and every later one, for `reason`.
    pub(super) fn close(&self, reason: &Reason) {
        let mut table = self.lock();
        table.closed.get_or_insert_with(|| reason.clone());
        let pending = std::mem::take(&mut table.pending);
        drop(table);
        for pending in pending.into_values() {
            pending.answer(Answer::Down(reason.clone()));
        }
    }

    /// Ends the wait for calls whose time is over, for as long as it is polled.
    pub(super) async fn expire(&self) {
        loop {
            let armed = self.lock().armed;
            tokio::select! {
                () = self.earlier.notified() => continue,
                () = Deadline::at(armed).passed() => {}
            }
            let now = Instant::now();
            let mut table = self.lock();
            let is_late = |pending: &&mut Pending| pending.until().is_some_and(|at| at <= now);
            let late: Vec<_> =
                table.pending.values_mut().filter(is_late).filter_map(|pending| pending.waits.take()).collect();
            table.armed = table.pending.values().filter_map(Pending::until).min();
            drop(table);
            for (_, waits) in late {
                // An error says that the caller is no longer interested.
                let _ = waits.send(Answer::TimedOut);
            }
        }
    }
}

/// A call on its way: a future that owns everything it needs, and sends at its first poll.
///
/// Made by [`Peer::call`](crate::Peer::call) and [`Peer::apply`](crate::Peer::apply). It waits 5 s unless
/// [`timeout`](Self::timeout) says otherwise. A call that timed out or was dropped goes on in the node, and reports say so
/// for as long as it does.
///
/// ```
/// use peer::prelude::*;
/// # use std::time::Duration;
/// #[remote]
/// fn double(n: u32) -> u32 { 2 * n }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// assert_eq!(peer.call(double, (4,)).timeout(Duration::from_secs(30)).await?, 8);
/// assert_eq!(peer.call(double, (4,)).timeout(peer::UNLIMITED).await?, 8);
/// # peer.stop().await?; Ok(()) }
/// ```
#[must_use = "a call is sent when it is awaited; `cast` waits for nothing"]
pub struct Call<R> {
    peer: Arc<PeerShared>,
    function: Arc<str>,
    encoding: Encoding,
    timeout: Duration,
    state: State,
    result: PhantomData<fn() -> R>,
}

enum State {
    Failed(Option<Error>),
    Unsent { seq: u64, frame: Vec<u8> },
    Sent { seq: u64, answer: oneshot::Receiver<Answer> },
    Done,
}

impl<R> Call<R> {
    pub(super) fn new(
        peer: Arc<PeerShared>,
        function: impl Into<Arc<str>>,
        encoding: Encoding,
        frame: Result<(u64, Vec<u8>), Error>,
    ) -> Self {
        let state = match frame {
            Ok((seq, frame)) => State::Unsent { seq, frame },
            Err(error) => State::Failed(Some(error)),
        };
        Self { peer, function: function.into(), encoding, timeout: CALL, state, result: PhantomData }
    }

    /// Waits at most this long, from the first poll; [`UNLIMITED`](crate::UNLIMITED) is possible.
    ///
    /// See [`Call`] for an example.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn operation(&self) -> String {
        format!("call of `{}`", self.function)
    }

    fn error(&self, kind: Kind, what: impl Into<String>) -> Error {
        self.peer.error(kind, self.operation(), what)
    }

    /// Sends, unless the peer is not there to be sent to.
    fn send(&mut self) -> Result<(), Error> {
        let State::Unsent { seq, frame } = &mut self.state else { return Ok(()) };
        let (seq, frame) = (*seq, std::mem::take(frame));
        self.state = State::Done;
        self.peer.check_running(|| self.operation())?;
        let answer = self.peer.calls.wait_for(seq, &self.function, Deadline::after(self.timeout));
        // A closed connection answers all calls with its reason.
        self.peer.outbox.send(&frame);
        self.state = State::Sent { seq, answer };
        Ok(())
    }
}

impl<R: DeserializeOwned> Call<R> {
    fn finish(&self, answer: Answer) -> Result<R, Error> {
        match answer {
            Answer::Reply(payload) => self.encoding.decode(&payload).map_err(|fault| {
                let wanted = std::any::type_name::<R>();
                let bytes = if payload.len() == 1 { "1 byte".to_owned() } else { format!("{} bytes", payload.len()) };
                self.error(Kind::Codec, format!("the reply of {bytes} does not decode as `{wanted}`: {fault}"))
            }),
            Answer::Panic(panic) => Err(self.error(Kind::Panic(panic.clone()), panic.to_string())),
            Answer::Refused(refusal, text) => {
                let kind = match refusal {
                    Refusal::Undef => Kind::Undef,
                    Refusal::BadArg => Kind::BadArg,
                    Refusal::TooLarge => Kind::TooLarge,
                    Refusal::Codec => Kind::Codec,
                    Refusal::NotRun => Kind::Io,
                };
                let error = self.error(kind, text);
                Err(if refusal == Refusal::Undef {
                    error.hint("the function needs `#[remote]`, and that executable must name its crate (`use mydb as _;` is enough), or it is not linked")
                } else {
                    error
                })
            }
            Answer::TimedOut => {
                let error = Error::timeout(self.operation(), self.timeout, "reply").on(self.peer.node());
                let hint = if self.peer.faults.is_paused() {
                    "the node is paused, and goes on with this after `resume()`"
                } else {
                    "the function goes on in the node; `.timeout(..)` waits longer"
                };
                Err(error.hint(hint).output(self.peer.tail()))
            }
            Answer::Down(reason) => {
                Err(self.error(Kind::NoConnection(Some(reason.clone())), format!("the node went down: {reason}")))
            }
        }
    }
}

impl<R: DeserializeOwned> Future for Call<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Err(error) = this.send() {
            return Poll::Ready(Err(error));
        }
        let answer = match &mut this.state {
            State::Failed(error) => {
                let polled_again = || Error::new(Kind::Io, "call", "it was polled after it had failed");
                return Poll::Ready(Err(error.take().unwrap_or_else(polled_again)));
            }
            State::Sent { answer, .. } => match Pin::new(answer).poll(cx) {
                Poll::Pending => return Poll::Pending,
                // The table answers before it forgets.
                Poll::Ready(answer) => answer.unwrap_or(Answer::TimedOut),
            },
            State::Unsent { .. } | State::Done => {
                return Poll::Ready(Err(Error::new(Kind::Io, this.operation(), "it was polled after it was done")));
            }
        };
        this.state = State::Done;
        Poll::Ready(this.finish(answer))
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        if let State::Sent { seq, .. } = &self.state {
            self.peer.calls.give_up(*seq);
        }
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("function", &self.function).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
