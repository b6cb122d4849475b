//! The progress line: what is done and what runs, as far as a terminal has room for it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// In front of each name.
const GAP: &str = "  ";
/// In place of the beginning of a name.
const CUT: char = '…';
/// So many columns of a name are shown at least, or all of it: with fewer nobody would know it.
const LEAST_NAME: usize = 10;

/// What the progress line tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) done: usize,
    pub(super) of: usize,
    pub(super) failed: usize,
    /// In the order in which they are shown.
    pub(super) running: Vec<Now>,
}

/// Something that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) name: String,
    /// In seconds.
    pub(super) age: u64,
    pub(super) nodes: usize,
}

impl Bar {
    /// In one line that takes at most so many columns: what has no room is cut, from the right; of a name, its beginning.
    pub(super) fn fit(&self, room: usize) -> String {
        let names: String = self.running.iter().map(|now| format!("{GAP}{}{}", now.name, now.facts())).collect();
        let whole = self.head() + &names;
        if whole.width() <= room {
            return whole;
        }
        let mut text = self.head_in(room);
        let mut shown = 0;
        while let Some(now) = self.running.get(shown) {
            let rest = self.rest(shown + 1);
            let left = room.saturating_sub(text.width() + GAP.len() + rest.width());
            let Some(now) = now.fit(left) else { break };
            text = text + GAP + &now;
            shown += 1;
        }
        let rest = self.rest(shown);
        if text.width() + rest.width() <= room { text + &rest } else { text }
    }

    fn head(&self) -> String {
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        format!("{}/{} done{failed}", self.done, self.of)
    }

    /// The same, or as much of it as there is room for.
    fn head_in(&self, room: usize) -> String {
        let short = format!("{}/{}", self.done, self.of);
        let head = [self.head(), format!("{short} done"), short].into_iter().find(|head| head.len() <= room);
        // A number that is cut says something else.
        head.unwrap_or_default()
    }

    /// What stands for all names but the first so many.
    fn rest(&self, shown: usize) -> String {
        match (shown, self.running.len() - shown) {
            (_, 0) => String::new(),
            (0, all) => format!("{GAP}{all} running"),
            (_, more) => format!("{GAP}+{more} more"),
        }
    }
}

impl Now {
    fn facts(&self) -> String {
        match self.nodes {
            0 => format!(" ({}s)", self.age),
            1 => format!(" ({}s, 1 node)", self.age),
            nodes => format!(" ({}s, {nodes} nodes)", self.age),
        }
    }

    /// In at most so many columns; nothing if that would be too little.
    fn fit(&self, room: usize) -> Option<String> {
        let least = self.name.width().min(LEAST_NAME);
        let facts = [self.facts(), format!(" ({}s)", self.age)];
        facts.into_iter().find_map(|facts| {
            let left = room.checked_sub(facts.len())?;
            (left >= least).then(|| end_of(&self.name, left) + &facts)
        })
    }
}

/// The name, or as much of its end as takes, with a mark in front, so many columns.
fn end_of(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    // What has no width belongs to the character before it.
    let is_begin = |&(at, c): &(usize, char)| c.width() > Some(0) && name[at..].width() < columns;
    let from = name.char_indices().find(is_begin).map_or(name.len(), |(at, _)| at);
    format!("{CUT}{}", &name[from..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(name: &str, nodes: usize) -> Now {
        Now { name: name.to_owned(), age: 7, nodes }
    }

    fn bar(failed: usize, running: &[Now]) -> Bar {
        Bar { done: 3, of: 40, failed, running: running.to_vec() }
    }

    /// In so many columns; none of the narrower ones has more than it has room for.
    fn lines<const N: usize>(bar: &Bar, rooms: [usize; N]) -> [String; N] {
        for room in 0..100 {
            assert!(bar.fit(room).width() <= room, "{room}: {:?}", bar.fit(room));
        }
        rooms.map(|room| bar.fit(room))
    }

    #[test]
    fn where_there_is_room_all_is_told() {
        let all = bar(2, &[now("quick::a", 2), now("b", 0), now("c", 1)]);
        let whole = "3/40 done, 2 failed  quick::a (7s, 2 nodes)  b (7s)  c (7s, 1 node)";
        assert_eq!(lines(&all, [whole.len(), 200]), [whole, whole]);
        assert_eq!(lines(&bar(0, &[]), [79]), ["3/40 done"]);
    }

    #[test]
    fn a_name_is_cut_at_its_left_and_then_its_nodes_are_left_out() {
        let one = bar(0, &[now("upgrade::a_leader_is_elected", 3)]);
        assert_eq!(
            lines(&one, [54, 53, 52, 36, 35, 34, 27, 26, 25, 20, 19]),
            [
                "3/40 done  upgrade::a_leader_is_elected (7s, 3 nodes)",
                "3/40 done  upgrade::a_leader_is_elected (7s, 3 nodes)",
                "3/40 done  …grade::a_leader_is_elected (7s, 3 nodes)",
                "3/40 done  …is_elected (7s, 3 nodes)",
                "3/40 done  …s_elected (7s, 3 nodes)",
                "3/40 done  …leader_is_elected (7s)",
                "3/40 done  …is_elected (7s)",
                "3/40 done  …s_elected (7s)",
                "3/40 done  1 running",
                "3/40 done  1 running",
                "3/40 done",
            ]
        );
    }

    #[test]
    fn those_that_have_no_room_are_counted() {
        let all = bar(0, &[now("a_backup_is_restored", 2), now("b", 0), now("a_snapshot_is_taken", 3)]);
        assert_eq!(
            lines(&all, [62, 61, 40, 20]),
            [
                "3/40 done  a_backup_is_restored (7s, 2 nodes)  b (7s)  +1 more",
                "3/40 done  a_backup_is_restored (7s, 2 nodes)  +2 more",
                "3/40 done  …up_is_restored (7s)  +2 more",
                "3/40 done  3 running",
            ]
        );
    }

    #[test]
    fn on_a_very_narrow_terminal_the_count_is_left_and_is_never_cut() {
        let all = bar(12, &[now("a", 0)]);
        assert_eq!(
            lines(&all, [28, 27, 20, 19, 16, 8, 4, 3]),
            [
                "3/40 done, 12 failed  a (7s)",
                "3/40 done, 12 failed",
                "3/40 done, 12 failed",
                "3/40 done  a (7s)",
                "3/40 done",
                "3/40",
                "3/40",
                ""
            ]
        );
    }

    #[test]
    fn columns_are_counted_and_not_characters() {
        let wide = bar(0, &[now("値が書き込まれる", 0)]);
        assert_eq!(
            lines(&wide, [32, 31, 30, 27]),
            [
                "3/40 done  値が書き込まれる (7s)",
                "3/40 done  …が書き込まれる (7s)",
                "3/40 done  …書き込まれる (7s)",
                "3/40 done  …き込まれる (7s)"
            ]
        );
        // With a mark that is no character of its own: it stays with its message.
        let marked = bar(0, &[now("a_node_e\u{301}crit_une_valeur", 0)]);
        assert_eq!(lines(&marked, [33]), ["3/40 done  …e\u{301}crit_une_valeur (7s)"]);
        assert_eq!(lines(&marked, [32]), ["3/40 done  …crit_une_valeur (7s)"]);
    }
}
