//! A log with an upper bound, for output that may never end.

use std::collections::VecDeque;

/// Keeps the newest entries up to a number of bytes, and counts those that it dropped.
#[derive(Debug)]
pub(crate) struct BoundedLog<T> {
    limit: usize,
    bytes: usize,
    /// Each with its bytes.
    entries: VecDeque<(T, usize)>,
    dropped: usize,
}

impl<T> BoundedLog<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, entries: VecDeque::new(), dropped: 0 }
    }

    /// Appends an entry of so many bytes, and drops the oldest entries beyond the limit.
    pub(crate) fn push(&mut self, entry: T, bytes: usize) {
        self.entries.push_back((entry, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.bytes > self.limit
            && let Some((_, bytes)) = self.entries.pop_front()
        {
            self.bytes -= bytes;
            self.dropped += 1;
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// How many entries were dropped since the last [`take`](Self::take).
    pub(crate) fn dropped(&self) -> usize {
        self.dropped
    }

    /// Removes entries, which do not count as dropped.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.entries.retain(|(entry, _)| keep(entry));
        self.bytes = self.entries.iter().map(|(_, bytes)| bytes).sum();
    }

    pub(crate) fn take(&mut self) -> (Vec<T>, usize) {
        let log = std::mem::replace(self, Self::new(self.limit));
        (log.entries.into_iter().map(|(entry, _)| entry).collect(), log.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_up_to_the_limit_are_kept() {
        let mut log = BoundedLog::new(10);
        for (entry, bytes) in [("a", 4), ("b", 4), ("c", 2)] {
            log.push(entry, bytes);
        }
        assert_eq!((log.iter().copied().collect::<Vec<_>>(), log.dropped()), (vec!["a", "b", "c"], 0));
        log.push("d", 1);
        log.retain(|entry| *entry != "c");
        log.push("e", 5);
        assert_eq!(log.take(), (vec!["b", "d", "e"], 1));
        log.push("too long", 11);
        assert_eq!(log.take(), (vec![], 1));
        assert_eq!(log.take(), (vec![], 0));
    }
}
