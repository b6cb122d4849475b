//! Circles of imports between files, inside rooms too.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::Tree;
use crate::source::{Violations, rust_in};

/// Circles that still exist: the rooms that they tie together, and how many files are in them. A number may only fall.
const STILL: &[(&str, usize)] = &[];

/// The circles of both crates, the largest first.
pub(crate) fn violations() -> Violations {
    let mut all = Vec::new();
    for folder in ["peer-runtime/src/", "peer-macros/src/"] {
        all.extend(circles(&Tree::new(folder, &rust_in(folder))));
    }
    all.sort_by_key(|circle| std::cmp::Reverse(circle.arrows.len()));
    against(&all, STILL)
}

fn against(circles: &[Circle], still: &[(&str, usize)]) -> Violations {
    let mut violations = Violations::default();
    let mut sums = BTreeMap::<&str, usize>::new();
    for circle in circles {
        *sums.entry(&circle.rooms).or_default() += circle.arrows.len();
    }
    for circle in circles {
        let allowed = still.iter().find(|(rooms, _)| *rooms == circle.rooms).map_or(0, |(_, files)| *files);
        if sums[&*circle.rooms] > allowed {
            let (file, line, _) = &circle.arrows[0];
            let arrows: Vec<_> =
                circle.arrows.iter().map(|(from, line, to)| format!("{from}:{line} -> {to}")).collect();
            let found = format!("{} files of `{}` import each other", arrows.len(), circle.rooms);
            let remedy =
                format!("move what both sides need into a file that imports neither\n    {}", arrows.join("\n    "));
            violations.add(file, *line, found, remedy);
        }
    }
    for (rooms, files) in still {
        let left = sums.get(rooms).copied().unwrap_or_default();
        if left < *files {
            let found = format!("only {left} files of `{rooms}` are in circles, not {files}");
            violations.add("tests/tidy/circles.rs", 1, found, "lower the number in STILL, or remove the line");
        }
    }
    violations
}

struct Circle {
    /// The rooms of its files.
    rooms: String,
    /// One import for each of its files: from, line, to.
    arrows: Vec<(String, usize, String)>,
}

fn circles(tree: &Tree<'_>) -> Vec<Circle> {
    let arrows: Vec<_> = (0..tree.files.len()).map(|file| tree.arrows(file)).collect();
    let reached: Vec<BTreeSet<usize>> = (0..arrows.len())
        .map(|from| {
            let mut reached = BTreeSet::new();
            let mut next = vec![from];
            while let Some(file) = next.pop() {
                next.extend(arrows[file].iter().map(|arrow| arrow.to).filter(|to| reached.insert(*to)));
            }
            reached
        })
        .collect();
    let mut circles = Vec::new();
    for first in 0..arrows.len() {
        let together: Vec<_> = reached[first].iter().copied().filter(|file| reached[*file].contains(&first)).collect();
        // Each circle is reported once, by the first of its files.
        if together.first() != Some(&first) {
            continue;
        }
        let path = |file: usize| tree.files[file].path.clone();
        let rooms: BTreeSet<_> = together.iter().filter_map(|file| tree.room(*file)).collect();
        let arrows = together.iter().filter_map(|from| {
            let inside = arrows[*from].iter().find(|arrow| together.contains(&arrow.to))?;
            Some((path(*from), inside.line, path(inside.to)))
        });
        circles.push(Circle { rooms: rooms.into_iter().collect::<Vec<_>>().join("+"), arrows: arrows.collect() });
    }
    circles
}

mod tests {
    use super::*;
    use crate::source::Source;

    const FOLDER: &str = "planted/src/";

    fn planted(files: &[(&str, &str)]) -> Vec<Circle> {
        let source = |(path, text): &(&str, &str)| Source { path: format!("{FOLDER}{path}"), text: (*text).to_owned() };
        let files: Vec<_> = [("lib.rs", "mod room;")].iter().chain(files).map(source).collect();
        circles(&Tree::new(FOLDER, &files))
    }

    #[test]
    fn a_circle_inside_a_room_is_found_past_a_re_export() {
        let face = ("room.rs", "mod a; mod b; mod c; pub(crate) use a::A;");
        let a = ("room/a.rs", "use super::b; pub(crate) struct A; fn f() { b::g() }");
        let c = ("room/c.rs", "use super::b::g; use crate::room::A;");
        let circles = planted(&[face, a, ("room/b.rs", "pub(crate) fn g() -> crate::room::A { todo!() }"), c]);
        assert_eq!(circles.len(), 1);
        assert_eq!(circles[0].rooms, "room");
        let arrows: Vec<_> =
            circles[0].arrows.iter().map(|(from, _, to)| (&from[FOLDER.len()..], &to[FOLDER.len()..])).collect();
        assert_eq!(arrows, [("room/a.rs", "room/b.rs"), ("room/b.rs", "room/a.rs")]);
        assert_eq!(against(&circles, &[]).count(), 1);
        assert_eq!(against(&circles, &[("room", 2)]).count(), 0);
        assert_eq!(against(&circles, &[("room", 3)]).count(), 1, "a stale exception");
    }

    #[test]
    fn what_is_no_circle_is_let_through() {
        let face = ("room.rs", "mod a; mod b; pub(crate) use {a::A, b::*};");
        let a = ("room/a.rs", "pub(crate) struct A; #[cfg(test)] mod tests { use super::super::b::B; }");
        assert!(planted(&[face, a, ("room/b.rs", "use super::A; pub(crate) struct B(A);")]).is_empty());
        let used = ("room.rs", "mod a; pub(crate) use a::A; pub(crate) struct R(A);");
        assert_eq!(planted(&[used, ("room/a.rs", "pub(crate) struct A; type X = super::R;")]).len(), 1);
    }
}
