//! Output of nodes that is shown at once: a queue between the I/O thread, which waits for nobody, and whoever prints.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::scope::Show;

/// What waits to be printed, in bytes; of more the oldest lines are dropped, so that a reader who stands still stops no test.
const WAITING: usize = 16 << 20;

/// A line, and the name of the test or hook that it belongs to.
pub(super) struct Shown {
    pub(super) name: Arc<str>,
    pub(super) line: String,
}

/// The lines of a run that are not printed yet.
#[derive(Clone, Default)]
pub(super) struct Live(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Shown>,
    bytes: usize,
    dropped: usize,
    closed: bool,
}

impl Live {
    /// Takes the lines of this test or hook.
    pub(super) fn of(&self, name: &str) -> Show {
        let (live, name) = (self.clone(), Arc::<str>::from(name));
        Arc::new(move |line| live.push(Shown { name: Arc::clone(&name), line }))
    }

    fn push(&self, shown: Shown) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.bytes += shown.line.len();
        state.lines.push_back(shown);
        while state.bytes > WAITING
            && let Some(oldest) = state.lines.pop_front()
        {
            state.bytes -= oldest.line.len();
            state.dropped += 1;
        }
        self.0.changed.notify_all();
    }

    /// Waits until there is something to print; false if there never will be.
    pub(super) fn wait(&self) -> bool {
        let is_idle = |state: &mut State| state.lines.is_empty() && !state.closed;
        let state = self.0.changed.wait_while(self.state(), is_idle).unwrap_or_else(PoisonError::into_inner);
        !state.lines.is_empty()
    }

    /// All that waits now, in its order.
    pub(super) fn take(&self) -> impl Iterator<Item = Shown> {
        let mut state = self.state();
        state.bytes = 0;
        let (lines, dropped) = (std::mem::take(&mut state.lines), std::mem::take(&mut state.dropped));
        drop(state);
        let name = lines.front().map_or_else(|| Arc::from(""), |first| Arc::clone(&first.name));
        let line = format!("(peer: {dropped} lines were not shown, since nobody read them in time)");
        (dropped > 0).then_some(Shown { name, line }).into_iter().chain(lines)
    }

    /// From now on nothing more comes.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.0.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn taken(live: &Live) -> Vec<String> {
        live.take().map(|shown| format!("{}: {}", shown.name, shown.line)).collect()
    }

    #[test]
    fn lines_are_taken_in_their_order() {
        let live = Live::default();
        let [one, two] = ["one", "two"].map(|name| live.of(name));
        let waits = thread::spawn({
            let live = live.clone();
            move || live.wait()
        });
        one("a".to_owned());
        assert!(waits.join().expect("it does not panic"));
        two("b".to_owned());
        one("c".to_owned());
        assert_eq!(taken(&live), ["one: a", "two: b", "one: c"]);
        assert!(taken(&live).is_empty());
        live.close();
        assert!(!live.wait());
    }

    #[test]
    fn where_nobody_reads_the_oldest_are_dropped_and_that_is_told() {
        let live = Live::default();
        let show = live.of("spams");
        for number in 0..40 {
            show(format!("{number:03}").repeat((1 << 20) / 3));
        }
        let taken = taken(&live);
        assert_eq!(taken[0], "spams: (peer: 24 lines were not shown, since nobody read them in time)");
        assert!(taken[1].ends_with("024024"), "the oldest one that is left");
        assert_eq!(taken.len(), 17);
        show("again".to_owned());
        assert_eq!(live.take().count(), 1);
    }
}
