//! Recipients of messages: a mailbox by its name, or one mailbox wherever it is.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::codec::Encoding;

/// The table of the root scope of every process.
pub(crate) const ROOT: u64 = 0;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// The mailbox of this name, wherever the connection leads.
    Name(String),
    /// One mailbox, wherever it is.
    Address { home: u128, table: u64, name: String },
}

impl Target {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Address { name, .. } => name,
        }
    }
}

/// The recipient that `send` takes: a mailbox by its name, or by its address.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// peer.send("inbox", 7_u32);
/// let elsewhere = mailbox::<u32>("here").address();
/// peer.send(&elsewhere, 7_u32);
/// # peer.stop().await?; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Recipient(pub(crate) Target);

impl From<&str> for Recipient {
    fn from(name: &str) -> Self {
        Self(Target::Name(name.to_owned()))
    }
}

impl From<String> for Recipient {
    fn from(name: String) -> Self {
        Self(Target::Name(name))
    }
}

impl<T> From<&Address<T>> for Recipient {
    fn from(address: &Address<T>) -> Self {
        Self(address.target())
    }
}

impl<T> From<Address<T>> for Recipient {
    fn from(address: Address<T>) -> Self {
        Self(address.target())
    }
}

/// The address of a [`Mailbox`](crate::Mailbox): sends to it from wherever it was passed to.
///
/// What a pid is in OTP.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let inbox = peer::mailbox::<String>("inbox");
/// let address: peer::Address<String> = inbox.address();
/// address.send("hello".to_owned());
/// assert_eq!(inbox.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Address<T> {
    pub(super) home: u128,
    /// What that process was built from.
    pub(super) build: u128,
    pub(super) table: u64,
    pub(super) name: String,
    pub(super) of: PhantomData<fn(T)>,
}

impl<T> Address<T> {
    pub(crate) fn target(&self) -> Target {
        Target::Address { home: self.home, table: self.table, name: self.name.clone() }
    }

    /// How a message to it is encoded by a process built from `own`.
    pub(crate) fn encoding(&self, own: u128) -> Encoding {
        if self.build == own { Encoding::Postcard } else { Encoding::MessagePack }
    }
}

impl<T> Clone for Address<T> {
    fn clone(&self) -> Self {
        Self { home: self.home, build: self.build, table: self.table, name: self.name.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Address<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("mailbox", &self.name).finish_non_exhaustive()
    }
}
