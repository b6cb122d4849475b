//! `wait_boot`: waiting for a boot, being notified of it, or neither.

use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind};
use crate::io_thread;
use crate::timeouts::{BOOT, Deadline, HALT, display};

/// How the start of a peer waits for its boot.
///
/// Mirrors the manual's `wait_boot()`.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(StartOptions::new().wait_boot(WaitBoot::No)).await?;
/// assert!(matches!(peer.state(), PeerState::Booting | PeerState::Running));
/// # peer.stop().await?; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub enum WaitBoot {
    /// The start waits until the node is started, at most this long, or
    /// [`UNLIMITED`](crate::UNLIMITED); a peer that needs longer is ended.
    For(Duration),
    /// The start returns at once; the receiver is notified of the start, or of the boot failure, also when the node does not
    /// start within 15 s.
    Notify(BootNotify),
    /// The start returns at once, without a notice.
    No,
}

impl Default for WaitBoot {
    fn default() -> Self {
        Self::For(BOOT)
    }
}

impl fmt::Display for WaitBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(timeout) => write!(f, "For({})", display(*timeout)),
            Self::Notify(notify) => write!(f, "Notify({:?})", notify.tag),
            Self::No => f.write_str("No"),
        }
    }
}

/// The notice of a boot: the manual's `{Tag, {started, Node, Peer}}` and
/// `{Tag, {boot_failed, Reason, Peer}}`.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let mut boots = peer::BootNotices::new();
/// let exec = ("sh", ["-c", "exit 3"]);
/// let options = peer::StartOptions::new().exec(exec).wait_boot(boots.tagged("server"));
/// let peer = peer::start(options).await?;
/// let notice: peer::BootNotice = boots.recv().await?;
/// assert_eq!((notice.tag.as_str(), notice.name.as_str()), ("server", peer.name()));
/// let error = notice.outcome.unwrap_err();
/// assert_eq!(error.down_reason(), Some(&peer::Reason::Exited(3)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BootNotice {
    /// The tag that the peer was started with.
    pub tag: String,
    /// The name of the peer, the part before `@`.
    pub name: String,
    /// The full name of the started node, or why the boot failed.
    pub outcome: Result<String, Error>,
}

/// A receiver of [`BootNotice`]s.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let mut boots = peer::BootNotices::new();
/// let mut peers = Vec::new();
/// for _ in 0..4 {
///     peers.push(peer::start(StartOptions::new().wait_boot(boots.tagged("first"))).await?);
/// }
/// for _ in &peers {
///     let notice = boots.recv().await?;
///     assert_eq!(notice.tag, "first");
///     notice.outcome?;
/// }
/// # for peer in peers { peer.stop().await?; } Ok(()) }
/// ```
#[derive(Debug)]
pub struct BootNotices {
    sender: mpsc::UnboundedSender<BootNotice>,
    receiver: mpsc::UnboundedReceiver<BootNotice>,
}

impl Default for BootNotices {
    fn default() -> Self {
        Self::new()
    }
}

impl BootNotices {
    /// A receiver of notices.
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { sender, receiver }
    }

    /// The option that notifies this receiver of a boot, under `tag`.
    pub fn tagged(&self, tag: impl Into<String>) -> WaitBoot {
        WaitBoot::Notify(BootNotify { tag: tag.into(), sender: self.sender.clone() })
    }

    /// The next notice. Waits at most 20 s, longer than a boot may take.
    ///
    /// # Errors
    /// `is_timeout` when none came.
    pub async fn recv(&mut self) -> Result<BootNotice, Error> {
        self.recv_within(BOOT + HALT).await
    }

    /// The next notice. Waits at most `timeout`, which may be [`UNLIMITED`](crate::UNLIMITED).
    ///
    /// # Errors
    /// `is_timeout` when none came.
    pub async fn recv_within(&mut self, timeout: Duration) -> Result<BootNotice, Error> {
        match io_thread::within(Deadline::after(timeout), self.receiver.recv()).await {
            Some(Some(notice)) => Ok(notice),
            None => Err(Error::timeout("wait for a boot notice", timeout, "peer started or failed")),
            // This receiver holds a sender of its own.
            Some(None) => Err(Error::new(ErrorKind::Io, "wait for a boot notice", "the channel is closed")),
        }
    }
}

/// The receiver of a notice, and its tag; made by [`BootNotices::tagged`].
///
/// ```
/// use peer::WaitBoot;
/// let boots = peer::BootNotices::new();
/// assert!(matches!(boots.tagged("server"), WaitBoot::Notify(_)));
/// ```
#[derive(Clone, Debug)]
pub struct BootNotify {
    tag: String,
    sender: mpsc::UnboundedSender<BootNotice>,
}

impl BootNotify {
    pub(crate) fn send(&self, name: &str, outcome: Result<String, Error>) {
        // Fails if the receiver was dropped.
        let _ = self.sender.send(BootNotice { tag: self.tag.clone(), name: name.to_owned(), outcome });
    }
}
