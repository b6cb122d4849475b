//! One run of the command whose exit status tells whether a program is ready.

use std::io;

use rustix::io::Errno;
use tokio::sync::watch;

use super::super::console::Tail;
use crate::io_thread;
use crate::link::reader::{Read, Reader};
use crate::process::{self, SpawnRequest, Spawned};
use crate::state::Reason;
use crate::timeouts::{Deadline, GONE, KILLED, PROBE, display};

/// Lines of its output in an error.
const LINES: usize = 10;

pub(super) enum Probed {
    Passed,
    /// How it ended, and what it printed.
    Failed(String),
    /// It cannot be executed, and the next time neither.
    Impossible(io::Error),
    /// The program has ended.
    Ended,
}

/// Runs the command until it ends, for a bounded time, and not longer than the program that it asks.
pub(super) async fn run(request: SpawnRequest, ending: &mut watch::Receiver<bool>) -> Probed {
    let Spawned { process, stdin, console, .. } = match process::spawn(request, None).await {
        Ok(spawned) => spawned,
        Err(error) if is_lasting(&error) => return Probed::Impossible(error),
        Err(error) => return Probed::Failed(format!("it cannot be executed: {error}")),
    };
    drop(stdin);
    let mut tail = Tail::default();
    let mut buffer = vec![0; 4 << 10];
    // Its exit status is enough where its output cannot be read.
    let reader = console.and_then(|console| Reader::new(console).ok());
    let mut is_open = reader.is_some();
    let limit = Deadline::after(PROBE);
    let over = loop {
        tokio::select! {
            biased;
            _ = process.ended() => break None,
            _ = ending.wait_for(|ended| *ended) => break Some(Probed::Ended),
            () = limit.passed() => {
                break Some(Probed::Failed(format!("not done within {}: killed", display(PROBE))));
            }
            read = read(reader.as_ref(), &mut buffer), if is_open => match read {
                0 => is_open = false,
                bytes => tail.push(&buffer[..bytes]),
            },
        }
        // A probe that prints without pause must not keep the I/O thread busy.
        tokio::task::yield_now().await;
    };
    if over.is_some() {
        process.kill();
    }
    // It may be another user's, or stuck in the kernel.
    let status = io_thread::within(Deadline::after(KILLED), process.ended()).await;
    if status.is_some() {
        // What it had started ends with it.
        io_thread::within(Deadline::after(GONE), process.gone()).await;
    }
    while is_open
        && let Some(reader) = &reader
        && let Read::Bytes(bytes) = reader.read_now(&mut buffer)
    {
        tail.push(&buffer[..bytes]);
    }
    let printed = match tail.lines(LINES) {
        text if text.is_empty() => String::new(),
        text => format!(", and it printed:\n{text}"),
    };
    match (over, status) {
        (Some(Probed::Failed(how)), _) => Probed::Failed(format!("{how}{printed}")),
        (Some(over), _) => over,
        (None, Some(Reason::Exited(0))) => Probed::Passed,
        (None, Some(how)) => Probed::Failed(format!("{how}{printed}")),
        (None, None) => Probed::Failed("its exit status is not known".to_owned()),
    }
}

fn is_lasting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error())
}

async fn read(reader: Option<&Reader>, buffer: &mut [u8]) -> usize {
    match reader {
        // A console that cannot be read has ended.
        Some(reader) => reader.read(buffer).await.unwrap_or_default(),
        None => 0,
    }
}
