//! A process, as requests to the keeper and events from it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::io::Errno;
use tokio::sync::{oneshot, watch};

use super::keeper_socket::KeeperSocket;
use crate::state::Reason;
use crate::timeouts::{Deadline, KEEPER_ANSWER};
use crate::wire::keeper::{Exit, LeakedProcess, ToKeeper};
use crate::wire::process_tag::ProcessTag;

#[derive(Debug)]
pub(crate) struct Process {
    pub(super) tag: ProcessTag,
    pub(crate) pid: u32,
    keeper: Arc<KeeperSocket>,
    /// This process requested its end.
    is_to_end: AtomicBool,
    exit: watch::Sender<Option<Reason>>,
    /// What it leaked, once all its descendants have ended.
    gone: watch::Sender<Option<Vec<LeakedProcess>>>,
    /// The number of the latest pause or resume. One runs at a time, and ignores a late answer to an earlier one.
    turn: tokio::sync::Mutex<u32>,
    pausing: Mutex<Option<(u32, oneshot::Sender<Option<i32>>)>>,
}

impl Process {
    pub(super) fn new(tag: ProcessTag, pid: u32, keeper: Arc<KeeperSocket>) -> Self {
        let (exit, gone) = (watch::Sender::new(None), watch::Sender::new(None));
        let (turn, pausing) = Default::default();
        Self { tag, pid, keeper, is_to_end: AtomicBool::new(false), exit, gone, turn, pausing }
    }

    /// Has the process itself ended? Its descendants may not have.
    pub(crate) fn has_ended(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Has this process requested its end?
    pub(crate) fn is_to_end(&self) -> bool {
        self.is_to_end.load(Ordering::Acquire)
    }

    pub(crate) async fn ended(&self) -> Reason {
        let exit = self.exit.subscribe().wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(Reason::ConnectionClosed)
    }

    /// Completes when all its descendants have ended, too. Returns what it leaked.
    pub(crate) async fn gone(&self) -> Vec<LeakedProcess> {
        let gone = self.gone.subscribe().wait_for(Option::is_some).await.ok().and_then(|leaked| leaked.clone());
        gone.unwrap_or_default()
    }

    pub(crate) fn kill(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.request(&ToKeeper::Kill { tag: self.tag });
    }

    /// Sends SIGTERM to the process alone.
    pub(crate) fn terminate(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.request(&ToKeeper::Terminate { tag: self.tag });
    }

    /// Stops the process and all its descendants, and waits until they stand still.
    pub(crate) async fn pause(&self) -> io::Result<()> {
        self.stop_or_continue(|tag, turn| ToKeeper::Pause { tag, turn }).await
    }

    /// Continues what [`pause`](Self::pause) stopped.
    pub(crate) async fn resume(&self) -> io::Result<()> {
        self.stop_or_continue(|tag, turn| ToKeeper::Resume { tag, turn }).await
    }

    async fn stop_or_continue(&self, request: impl FnOnce(ProcessTag, u32) -> ToKeeper) -> io::Result<()> {
        let mut turn = self.turn.lock().await;
        *turn = turn.wrapping_add(1);
        let (sender, answer) = oneshot::channel();
        *self.pausing.lock() = Some((*turn, sender));
        self.keeper.request(&request(self.tag, *turn));
        tokio::select! {
            answer = answer => match answer {
                Ok(Some(errno)) => Err(io::Error::from_raw_os_error(errno)),
                _ => Ok(()),
            },
            _ = self.ended() => Err(Errno::SRCH.into()),
            () = Deadline::after(KEEPER_ANSWER).passed() => Err(self.keeper.silent()),
        }
    }

    pub(super) fn exited(&self, exit: Exit) {
        self.exit.send_replace(Some(match exit {
            Exit::Status(status) => Reason::Exited(status),
            Exit::Signal(signal) => Reason::Killed(signal),
        }));
    }

    /// The keeper was lost, and the kernel has killed this process if it had not ended.
    pub(super) fn keeper_is_lost(&self) {
        self.exit.send_if_modified(|exit| {
            let is_new = exit.is_none();
            exit.get_or_insert(Reason::KeeperLost);
            is_new
        });
    }

    pub(super) fn is_gone(&self, leaked: Vec<LeakedProcess>) {
        self.gone.send_replace(Some(leaked));
    }

    pub(super) fn is_paused(&self, turn: u32, errno: Option<i32>) {
        let mut pausing = self.pausing.lock();
        if let Some((_, sender)) = pausing.take_if(|(asked, _)| *asked == turn) {
            // The caller may have given up.
            let _ = sender.send(errno);
        }
    }
}
