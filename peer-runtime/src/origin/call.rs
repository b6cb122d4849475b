//! A call as its caller sees it: a future.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::pending_calls::CallAnswer;
use super::shared::PeerShared;
use crate::codec::Encoding;
use crate::error::{Error, ErrorKind};
use crate::timeouts::{CALL, Deadline};
use crate::wire::message::Refusal;

/// A call: a future that owns everything it needs, and sends at its first poll.
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
    state: CallState,
    result: PhantomData<fn() -> R>,
}

enum CallState {
    Failed(Option<Error>),
    Unsent { seq: u64, frame: Vec<u8> },
    Sent { seq: u64, answer: oneshot::Receiver<CallAnswer> },
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
            Ok((seq, frame)) => CallState::Unsent { seq, frame },
            Err(error) => CallState::Failed(Some(error)),
        };
        Self { peer, function: function.into(), encoding, timeout: CALL, state, result: PhantomData }
    }

    /// Waits at most this long, from the first poll; [`UNLIMITED`](crate::UNLIMITED) is possible.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn operation(&self) -> String {
        format!("call of `{}`", self.function)
    }

    fn error(&self, kind: ErrorKind, what: impl Into<String>) -> Error {
        self.peer.error(kind, self.operation(), what)
    }

    fn send(&mut self) -> Result<(), Error> {
        let CallState::Unsent { seq, frame } = &mut self.state else { return Ok(()) };
        let (seq, frame) = (*seq, std::mem::take(frame));
        self.state = CallState::Done;
        self.peer.check_running(|| self.operation())?;
        let answer = self.peer.calls.add(seq, &self.function, Deadline::after(self.timeout));
        // A closed connection answers all calls with its reason.
        self.peer.outbox.send(&frame);
        self.state = CallState::Sent { seq, answer };
        Ok(())
    }
}

impl<R: DeserializeOwned> Call<R> {
    fn finish(&self, answer: CallAnswer) -> Result<R, Error> {
        match answer {
            CallAnswer::Reply(payload) => self.encoding.decode(&payload).map_err(|fault| {
                let wanted = std::any::type_name::<R>();
                let bytes = if payload.len() == 1 { "1 byte".to_owned() } else { format!("{} bytes", payload.len()) };
                self.error(ErrorKind::Codec, format!("the reply of {bytes} does not decode as `{wanted}`: {fault}"))
            }),
            CallAnswer::Panic(panic) => Err(self.error(ErrorKind::Panic(panic.clone()), panic.to_string())),
            CallAnswer::Refused(refusal, text) => {
                let kind = match refusal {
                    Refusal::Undef => ErrorKind::Undef,
                    Refusal::BadArg => ErrorKind::BadArg,
                    Refusal::TooLarge => ErrorKind::TooLarge,
                    Refusal::Codec => ErrorKind::Codec,
                    Refusal::NotRun => ErrorKind::Io,
                };
                let error = self.error(kind, text);
                Err(if refusal == Refusal::Undef {
                    error.hint("the function needs `#[remote]`, and that executable must name its crate (`use mydb as _;` is enough), or it is not linked")
                } else {
                    error
                })
            }
            CallAnswer::TimedOut => {
                let error = Error::timeout(self.operation(), self.timeout, "reply").on(self.peer.node());
                let hint = if self.peer.faults.is_paused() {
                    "the node is paused, and goes on with this after `resume()`"
                } else {
                    "the function goes on in the node; `.timeout(..)` waits longer"
                };
                Err(error.hint(hint).output(self.peer.tail()))
            }
            CallAnswer::Down(reason) => {
                Err(self.error(ErrorKind::NoConnection(Some(reason.clone())), format!("the node went down: {reason}")))
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
            CallState::Failed(error) => {
                let polled_again = || Error::new(ErrorKind::Io, "call", "it was polled after it had failed");
                return Poll::Ready(Err(error.take().unwrap_or_else(polled_again)));
            }
            CallState::Sent { answer, .. } => match Pin::new(answer).poll(cx) {
                Poll::Pending => return Poll::Pending,
                // The table answers every call that it removes.
                Poll::Ready(answer) => answer.unwrap_or(CallAnswer::TimedOut),
            },
            CallState::Unsent { .. } | CallState::Done => {
                return Poll::Ready(Err(Error::new(
                    ErrorKind::Io,
                    this.operation(),
                    "it was polled after it was done",
                )));
            }
        };
        this.state = CallState::Done;
        Poll::Ready(this.finish(answer))
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        if let CallState::Sent { seq, .. } = &self.state {
            self.peer.calls.give_up(*seq);
        }
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("function", &self.function).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
