//! Remote functions as values: what `call` accepts, and how a node runs one on encoded arguments.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Encoding;
use crate::wire::message::Refusal;

/// A function that can be called with the arguments `A`; `M` distinguishes sync from async ones.
///
/// It is implemented for functions of up to 12 arguments whose arguments and result can be sent.
///
/// ```
/// use peer::{Peer, RemoteFn};
/// #[peer::remote]
/// fn double(n: u32) -> u32 { 2 * n }
/// /// Asks all of them the same.
/// async fn ask<F, M>(peers: &[Peer], question: F, n: u32) -> Result<Vec<u32>, peer::Error>
/// where
///     F: RemoteFn<(u32,), M, Output = u32> + Copy,
/// {
///     let mut answers = Vec::new();
///     for peer in peers {
///         answers.push(peer.call(question, (n,)).await?);
///     }
///     Ok(answers)
/// }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// assert_eq!(ask(&[peer.clone()], double, 2).await?, [4]);
/// # peer.stop().await?; Ok(()) }
/// ```
pub trait RemoteFn<A, M> {
    /// What a call gives: the function's result.
    type Output;
}

/// Arguments that can be decoded and handed to a function.
pub trait ReadArguments<A> {
    /// What the function returns: for an async one, its future.
    type Output;
    /// Calls it.
    fn run(self, arguments: A) -> Self::Output;
}

/// Marks functions that return their result.
#[derive(Debug)]
pub struct Sync;
/// Marks functions that return a future of it.
#[derive(Debug)]
pub struct Async;

macro_rules! functions {
    ($($argument:ident)*) => {
        impl<F, R, $($argument),*> ReadArguments<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
        {
            type Output = R;
            #[allow(non_snake_case, clippy::unused_unit, reason = "one name for the type and the value")]
            fn run(self, ($($argument,)*): ($($argument,)*)) -> R {
                self($($argument),*)
            }
        }
        impl<F, R, $($argument),*> RemoteFn<($($argument,)*), Sync> for F
        where
            F: Fn($($argument),*) -> R,
            R: Serialize + DeserializeOwned + Send + 'static,
        {
            type Output = R;
        }
        impl<F, R, $($argument),*> RemoteFn<($($argument,)*), Async> for F
        where
            F: Fn($($argument),*) -> R,
            R: Future<Output: Serialize + DeserializeOwned + Send + 'static>,
        {
            type Output = R::Output;
        }
    };
}

macro_rules! functions_of_at_most {
    () => { functions!(); };
    ($first:ident $($rest:ident)*) => {
        functions!($first $($rest)*);
        functions_of_at_most!($($rest)*);
    };
}
functions_of_at_most!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);

/// Encoded arguments on their way to a function.
#[derive(Debug)]
pub struct EncodedCall<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) arguments: &'a [u8],
    /// Where the result goes: appended to what is there.
    pub(crate) out: Vec<u8>,
}

/// The request's `out` with the encoded result, or why there is none.
pub(crate) type CallResult = Result<Vec<u8>, (Refusal, String)>;
pub(crate) type AsyncCallResult = Result<Pin<Box<dyn Future<Output = CallResult> + Send>>, (Refusal, String)>;

/// Runs a sync function.
pub fn answer<F, A>(function: F, request: EncodedCall<'_>) -> CallResult
where
    F: ReadArguments<A, Output: Serialize>,
    A: DeserializeOwned,
{
    let arguments = decode(&request)?;
    encode(request.encoding, request.out, &function.run(arguments))
}

/// Decodes for an async function, whose future encodes its result.
pub fn answer_async<F, A>(function: F, request: EncodedCall<'_>) -> AsyncCallResult
where
    F: ReadArguments<A, Output: Future<Output: Serialize + Send> + Send + 'static> + Send + 'static,
    A: DeserializeOwned + Send + 'static,
{
    let arguments: A = decode(&request)?;
    let EncodedCall { encoding, out, .. } = request;
    // The function itself runs within the future, so that its panic is the call's.
    Ok(Box::pin(async move { encode(encoding, out, &function.run(arguments).await) }))
}

fn decode<A: DeserializeOwned>(request: &EncodedCall<'_>) -> Result<A, (Refusal, String)> {
    request.encoding.decode(request.arguments).map_err(|fault| (Refusal::BadArg, fault))
}

fn encode<R: Serialize>(encoding: Encoding, mut out: Vec<u8>, result: &R) -> CallResult {
    match encoding.append(result, &mut out) {
        Ok(()) => Ok(out),
        Err(fault) => Err((Refusal::Codec, format!("its result cannot be encoded: {fault}"))),
    }
}

/// A type that calls can send.
#[diagnostic::on_unimplemented(
    message = "a call cannot send `{Self}` to another process",
    label = "this type cannot be sent",
    note = "derive serde's `Serialize` and `Deserialize` for it; what is sent owns its data and is `Send`"
)]
pub trait Sendable {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Sendable for T {}

/// Generated code calls it at the definition of a remote function, so that the compiler shows the type.
pub fn assert_sendable<T: Sendable>() {}
