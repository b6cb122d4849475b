//! What a program asks an error.

use super::{Break, Error, Kind};
use crate::panic::RemotePanic;
use crate::state::Reason;

impl Error {
    /// Whether something took longer than it may: a call, a boot, a wait for a message or at a barrier. OTP's `timeout`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::time::Duration;
    /// #[remote]
    /// async fn never() { std::future::pending().await }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer.call(never, ()).timeout(Duration::from_millis(10)).await.unwrap_err();
    /// assert!(error.is_timeout());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_timeout(&self) -> bool {
        use Kind::{Barrier, BootFailed, Timeout};
        matches!(self.0.kind, Timeout | BootFailed(Some(Reason::BootTimeout)) | Barrier(Break::TimedOut))
    }

    /// Whether the remote function panicked; [`panic`](Self::panic) tells how. The exception that OTP's
    /// `call/4,5` raises.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn elect() { panic!("no quorum") }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer.call(elect, ()).await.unwrap_err();
    /// assert!(error.is_panic() && error.to_string().contains("no quorum"));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// The panic of the remote function; none for another error.
    ///
    /// See [`RemotePanic`] for an example.
    pub fn panic(&self) -> Option<&RemotePanic> {
        match &self.0.kind {
            Kind::Panic(panic) => Some(panic),
            _ => None,
        }
    }

    /// Whether the node does not have the function. OTP's `undef`.
    ///
    /// See [`Error`] for an example.
    pub fn is_undef(&self) -> bool {
        self.0.kind == Kind::Undef
    }

    /// Whether the arguments are not those of the function. OTP's `badarg`.
    ///
    /// ```
    /// #[peer::remote]
    /// fn rows(table: String) -> usize { table.len() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer.apply::<usize, _>(module_path!(), "rows", (7,)).await.unwrap_err();
    /// assert!(error.is_badarg());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_badarg(&self) -> bool {
        self.0.kind == Kind::BadArg
    }

    /// Whether a start option was refused; its text names the option and the value. Also whether an operation
    /// needs an option that the peer was not started with.
    ///
    /// ```
    /// # #[tokio::main] async fn main() {
    /// let error = peer::start(peer::StartOptions::new().name("db@host")).await.unwrap_err();
    /// assert!(error.is_bad_option() && error.to_string().contains("`name`"));
    /// # }
    /// ```
    pub fn is_bad_option(&self) -> bool {
        self.0.kind == Kind::BadOption
    }

    /// Whether the name is that of a node which is still there.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer::start(StartOptions::new().name(peer.name())).await.unwrap_err();
    /// assert!(error.is_name_in_use());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_name_in_use(&self) -> bool {
        self.0.kind == Kind::NameInUse
    }

    /// Whether the node was not connected: booting, stopping or down. OTP's `noconnection`. Of a wait for a
    /// message, or at a barrier: whether its scope has ended.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn ping() {}
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.stop().await?;
    /// assert!(peer.call(ping, ()).await.unwrap_err().is_noconnection());
    /// # Ok(()) }
    /// ```
    pub fn is_noconnection(&self) -> bool {
        matches!(self.0.kind, Kind::NoConnection(_) | Kind::NoProcess(_) | Kind::Barrier(Break::Ended))
    }

    /// Whether the peer had been stopped, or had ended, before. OTP's `noproc`.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.stop().await?;
    /// assert!(peer.stop().await.unwrap_err().is_noproc());
    /// # Ok(()) }
    /// ```
    pub fn is_noproc(&self) -> bool {
        matches!(self.0.kind, Kind::NoProcess(_))
    }

    /// Whether the peer could not boot; [`down_reason`](Self::down_reason) tells why, where its process was
    /// started at all. OTP's `boot_failed`.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() {
    /// let error = peer::start(StartOptions::new().exec(("sh", ["-c", "exit 3"]))).await.unwrap_err();
    /// assert!(error.is_boot_failed());
    /// assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
    /// # }
    /// ```
    pub fn is_boot_failed(&self) -> bool {
        matches!(self.0.kind, Kind::BootFailed(_))
    }

    /// Whether a message was larger than the connection takes.
    ///
    /// See [`frame_limit`](crate::StartOptions::frame_limit) for an example.
    pub fn is_too_large(&self) -> bool {
        self.0.kind == Kind::TooLarge
    }

    /// Whether a value could not be encoded or decoded: an argument, a result or a message.
    ///
    /// ```
    /// # #[tokio::main] async fn main() {
    /// peer::mailbox::<String>("words").address().send("seven".to_owned());
    /// let error = peer::mailbox::<u32>("words").recv().await.unwrap_err();
    /// assert!(error.is_codec());
    /// # }
    /// ```
    pub fn is_codec(&self) -> bool {
        self.0.kind == Kind::Codec
    }

    /// Whether there was no scope to link to, or one that had ended.
    ///
    /// ```test_harness
    /// # use peer::prelude::*;
    /// #[peer_test]
    /// async fn a_thread_is_in_no_scope_until_it_enters_one() {
    ///     let thread = std::thread::spawn(|| peer::start_link(()));
    ///     let start = thread.join().unwrap();
    ///     assert!(start.await.unwrap_err().is_noscope());
    /// }
    /// ```
    pub fn is_noscope(&self) -> bool {
        self.0.kind == Kind::NoScope
    }

    /// Whether a barrier was not passed: a participant went down ([`down_reason`](Self::down_reason) tells why), its time
    /// ran out ([`is_timeout`](Self::is_timeout)), its scope ended, or those who arrived did not agree.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let barrier = tokio::spawn(peer::barrier("loaded"));
    /// # tokio::task::yield_now().await;
    /// peer.stop().await?;
    /// let error = barrier.await?.unwrap_err();
    /// assert!(error.is_barrier());
    /// # Ok(()) }
    /// ```
    pub fn is_barrier(&self) -> bool {
        matches!(self.0.kind, Kind::Barrier(_))
    }

    /// Why the node is down, where that is why the operation failed.
    ///
    /// See [`node::halt`](crate::node::halt) for an example.
    pub fn down_reason(&self) -> Option<&Reason> {
        match &self.0.kind {
            Kind::NoConnection(reason) | Kind::NoProcess(reason) | Kind::BootFailed(reason) => reason.as_ref(),
            Kind::Barrier(Break::Down(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The full name of the node that it happened on, `name@host`, where there is one.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.stop().await?;
    /// let error = peer.stop().await.unwrap_err();
    /// assert_eq!(error.node(), Some(peer.node().as_str()));
    /// # Ok(()) }
    /// ```
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }
}
