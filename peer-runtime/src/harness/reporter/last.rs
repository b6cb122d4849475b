//! Keeps the last words of a run up to date: how it stands, and what runs.

use std::sync::{Mutex, PoisonError};

use super::super::event::{Event, Reporter};
use super::super::words;
use super::board::{Board, Entry};
use crate::scope::Mark;

/// Of the run of this process.
static BOARD: Mutex<Option<Board>> = Mutex::new(None);

pub(super) struct Last;

impl Reporter for Last {
    fn hear(&mut self, event: &Event<'_>) {
        let mut board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
        let board = board.get_or_insert_default();
        match event {
            Event::Begun { tests, .. } => board.tests = *tests,
            Event::Started { running, .. } => {
                board.entries.retain(|entry| entry.name != running.name);
                board.entries.push(Entry::new(running));
            }
            Event::Finished(finished) => board.finished(finished),
            Event::Over { tests } => board.done += tests,
            Event::Waiting { .. } | Event::Line { .. } | Event::Interrupted => return,
            Event::Ended(_) => board.entries.clear(),
        }
        board.entries.retain(|entry| entry.running().is_some());
        words::stands(&standing(board));
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
    let own = Mark::of_this_thread();
    let is_own = |entry: &&Entry| entry.running().is_some_and(|running| Some(running.scope.mark()) == own);
    let own: Vec<String> = board.entries.iter().filter(is_own).map(|entry| format!("`{}`", entry.name)).collect();
    (if own.is_empty() { names(board) } else { own }, standing(board))
}
