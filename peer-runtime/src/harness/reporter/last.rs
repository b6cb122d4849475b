//! Keeps the last words of a run up to date: how it stands, and what runs.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::super::event::{Event, Reporter};
use super::super::words;
use super::board::{Board, Entry};
use crate::scope::{self, Scope};
use crate::sys;

/// Of the run of this process.
static BOARD: Mutex<Option<Board>> = Mutex::new(None);

pub(super) struct Last;

impl Reporter for Last {
    fn hear(&mut self, event: &Event<'_>) {
        let mut board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
        let board = board.get_or_insert_default();
        match event {
            Event::Waiting { .. } | Event::Line { .. } | Event::Interrupted => return,
            Event::Ended(_) => {
                // One that crashes has no result.
                sys::wait_while_crashing();
                board.entries.clear();
            }
            event => board.hear(event),
        }
        board.entries.retain(|entry| entry.running().is_some());
        words::stands(&standing(board));
    }
}

/// Shows the scope of each test and hook that runs; none if somebody looks at them just now, since a signal handler waits for nobody.
pub(in super::super) fn each_running(mut show: impl FnMut(&Scope)) {
    let board = match BOARD.try_lock() {
        Ok(board) => board,
        Err(TryLockError::Poisoned(board)) => board.into_inner(),
        Err(TryLockError::WouldBlock) => return,
    };
    for running in board.iter().flat_map(|board| &board.entries).filter_map(Entry::running) {
        show(&running.scope);
        if Arc::strong_count(&running) == 1 {
            // A signal handler is not the one to let go of it.
            mem::forget(running);
        }
    }
}

fn names(board: &Board) -> Vec<String> {
    board.entries.iter().filter(|entry| entry.running().is_some()).map(|entry| format!("`{}`", entry.name)).collect()
}

fn standing(board: &Board) -> String {
    words::standing(board.done, board.tests, board.failed, &names(board))
}

/// What runs in the scope of the calling thread; if nothing does, all that runs. And how the run stands.
pub(in super::super) fn who() -> (Vec<String>, String) {
    let board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(board) = &*board else { return (Vec::new(), String::new()) };
    let own = scope::entered_id();
    let is_own = |entry: &&Entry| entry.running().is_some_and(|running| Some(running.scope.id()) == own);
    let own: Vec<String> = board.entries.iter().filter(is_own).map(|entry| format!("`{}`", entry.name)).collect();
    (if own.is_empty() { names(board) } else { own }, standing(board))
}
