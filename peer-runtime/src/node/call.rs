//! Running one function for the origin, and the reply.

use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::thread;

use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::runtime::NodeRuntime;
use crate::panic;
use crate::registry::{self, CallResult, EncodedCall, Handler};
use crate::sys;
use crate::truncate;
use crate::wire::frame;
use crate::wire::message::{self, Function, Refusal, ToOrigin};

pub(super) fn refuse(node: &NodeRuntime, seq: Option<u64>, why: &str) {
    match seq {
        Some(seq) => node.send(&ToOrigin::Refused { seq, refusal: Refusal::NotRun, text: why }, &[]),
        None => node.note(&format!("a cast was not run: {why}")),
    }
}

/// Runs `function`. `false` if its reply must be sent at once, and not with the next one.
pub(super) fn run(node: &'static NodeRuntime, seq: Option<u64>, function: &Function<'_>, arguments: &[u8]) -> bool {
    let outcome = same_build(node, function).and_then(|()| registry::find(function)).and_then(|found| {
        let mut out = Vec::with_capacity(64);
        if let Some(seq) = seq {
            frame::begin(&mut out);
            message::header(&ToOrigin::Reply { seq }, &mut out);
        }
        let request = EncodedCall { encoding: function.encoding(), arguments, out };
        let refused = |(refusal, fault)| (refusal, explain(refusal, function, found.signature, fault));
        match &found.handler {
            Handler::Sync(handler) => match catch_unwind(AssertUnwindSafe(|| handler(request))) {
                Ok(answer) => answer.map(CallOutcome::Reply).map_err(refused),
                Err(payload) => Ok(CallOutcome::Panic(panic::caught(payload))),
            },
            Handler::Async(handler) => {
                let name = function.to_string();
                match catch_unwind(AssertUnwindSafe(|| handler(request))) {
                    Ok(answer) => answer.map_err(refused).and_then(|future| start(node, seq, name, future)),
                    Err(payload) => Ok(CallOutcome::Panic(panic::caught(payload))),
                }
            }
        }
    });
    reply(node, seq, function, outcome)
}

/// A typed call from another build could mean another function, and other types.
fn same_build(node: &NodeRuntime, function: &Function<'_>) -> Result<(), (Refusal, String)> {
    match function {
        Function::Typed(_) if node.spec.build != sys::build_id() => {
            Err((Refusal::Undef, "the node runs another executable than its origin: use `apply`".to_owned()))
        }
        _ => Ok(()),
    }
}

fn short(text: &str, limit: usize) -> &str {
    let longest = limit.saturating_sub(64);
    truncate::start(text, longest)
}

enum CallOutcome {
    /// The frame of the reply, but for its length; empty for a cast.
    Reply(Vec<u8>),
    Panic(panic::RemotePanic),
    Later,
}

/// Hands an async function to the node's runtime.
fn start(
    node: &'static NodeRuntime,
    seq: Option<u64>,
    name: String,
    future: Pin<Box<dyn Future<Output = CallResult> + Send>>,
) -> Result<CallOutcome, (Refusal, String)> {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(why) => {
            panic::quietly(|| drop(future));
            return Err((Refusal::NotRun, why));
        }
    };
    runtime.spawn(async move {
        let mut future = Some(future);
        let outcome = std::future::poll_fn(move |cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| {
                let poll = future.as_mut().map_or(Poll::Pending, |future| future.as_mut().poll(cx));
                if poll.is_ready() {
                    // A panic of its drop is the call's, too.
                    future = None;
                }
                poll
            }));
            match polled {
                Ok(poll) => poll.map(|answer| answer.map(CallOutcome::Reply)),
                Err(payload) => {
                    panic::quietly(|| future = None);
                    Poll::Ready(Ok(CallOutcome::Panic(panic::caught(payload))))
                }
            }
        })
        .await;
        reply(node, seq, &name, outcome);
        node.out.flush();
    });
    Ok(CallOutcome::Later)
}

/// The runtime of async functions, which starts with the first one.
fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _starting = STARTING.lock();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let build = || {
        room_for_threads(thread::available_parallelism().map_or(1, NonZero::get))?;
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("peer-node")
            .on_thread_start(sys::watch_this_thread)
            .build()
    };
    let built = build().map_err(|error| format!("the node's runtime for async functions cannot start: {error}"))?;
    Ok(RUNTIME.get_or_init(|| built))
}

/// Fails if this process cannot start so many threads. Without this check the call would hang: tokio panics if it can start
/// no worker, and waits for the others while that unwinds.
fn room_for_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        (0..count).try_for_each(|_| thread::Builder::new().spawn_scoped(scope, || drop(gate.lock())).map(drop))
    })
}

/// Queues the reply; `false` if it must be sent at once.
fn reply(
    node: &NodeRuntime,
    seq: Option<u64>,
    name: &dyn std::fmt::Display,
    outcome: Result<CallOutcome, (Refusal, String)>,
) -> bool {
    let limit = node.limit();
    let (refusal, text) = match (seq, outcome) {
        (_, Ok(CallOutcome::Later)) | (None, Ok(_)) => return true,
        (Some(_), Ok(CallOutcome::Reply(mut frame))) => match frame::finish(&mut frame, limit) {
            // A large frame becomes the queue, and is not copied.
            Ok(()) => {
                return node.out.hold(|queue| match queue.is_empty() && frame.len() > queue.capacity() {
                    true => *queue = frame,
                    false => queue.extend_from_slice(&frame),
                });
            }
            Err(length) => (
                Refusal::TooLarge,
                format!("its result is a message of {length} bytes; the limit is {limit} (option `frame_limit`)"),
            ),
        },
        (Some(seq), Ok(CallOutcome::Panic(panic))) => {
            return node.out.hold(|queue| {
                // A text beyond the limit would leave the call without an answer.
                if message::append(queue, limit, &ToOrigin::Panic { seq, panic: panic.clone() }, &[]).is_err() {
                    let text = "it panicked with a message that is larger than the limit";
                    queue.extend_from_slice(&message::small(&ToOrigin::Refused {
                        seq,
                        refusal: Refusal::TooLarge,
                        text,
                    }));
                }
            });
        }
        (None, Err((_, text))) => {
            node.note(&format!("cast of `{name}`: {text}"));
            return true;
        }
        (Some(_), Err(refused)) => refused,
    };
    let seq = seq.unwrap_or_default();
    let text = short(&text, limit);
    node.out.hold(|queue| queue.extend_from_slice(&message::small(&ToOrigin::Refused { seq, refusal, text })))
}

/// The text of a refusal; both signatures where the arguments do not decode.
fn explain(refusal: Refusal, function: &Function<'_>, signature: &str, fault: String) -> String {
    match (refusal, function) {
        (Refusal::BadArg, Function::Named { signature: wanted, .. }) => {
            format!("the arguments do not decode: {fault}\ncalled as {wanted}\nbut it is {signature}")
        }
        (Refusal::BadArg, Function::Typed(_)) => format!("the arguments do not decode: {fault}\nit is {signature}"),
        _ => fault,
    }
}
