//! Standard input of a node: what the test feeds, written by a thread of its own, so that a full
//! pipe without a reader blocks nothing else.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::mpsc;

use parking_lot::Mutex;

/// The writing end of standard input.
pub(super) struct Feeder(Mutex<InputState>);

enum InputState {
    Closed,
    Open(OwnedFd),
    Writing(mpsc::Sender<Vec<u8>>),
}

impl Feeder {
    /// A reader finds the end of the file.
    pub(super) fn closed() -> Self {
        Self(Mutex::new(InputState::Closed))
    }

    pub(super) fn open(write: OwnedFd) -> Self {
        Self(Mutex::new(InputState::Open(write)))
    }

    pub(super) fn feed(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        if matches!(*state, InputState::Open(_))
            && let InputState::Open(write) = std::mem::replace(&mut *state, InputState::Closed)
            && let Some(sender) = writer(write)
        {
            *state = InputState::Writing(sender);
        }
        if let InputState::Writing(sender) = &*state {
            // Fails if standard input was closed.
            let _ = sender.send(bytes.to_vec());
        }
    }

    /// After what was fed, a reader finds the end of the file.
    pub(super) fn end(&self) {
        *self.0.lock() = InputState::Closed;
    }
}

fn writer(write: OwnedFd) -> Option<mpsc::Sender<Vec<u8>>> {
    let (sender, chunks) = mpsc::channel::<Vec<u8>>();
    let mut pipe = File::from(write);
    let write_all = move || {
        for chunk in chunks {
            if pipe.write_all(&chunk).is_err() {
                return; // standard input was closed
            }
        }
    };
    std::thread::Builder::new().name("peer-input".to_owned()).spawn(write_all).ok().map(|_| sender)
}
