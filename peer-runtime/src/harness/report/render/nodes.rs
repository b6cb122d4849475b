//! What a person reads of a failure behind its cause: the nodes, and what all of them printed, in one timeline.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::palette::Palette;
use crate::harness::outcome::Peers;
use crate::origin::{Description, Snapshot};
use crate::scope::Line;

/// Peers, part by part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    pub(crate) own: Vec<Description>,
    /// The barriers at which the test waited itself, and for how long.
    pub(crate) barriers: Vec<String>,
    /// Those of its groups.
    pub(crate) of_groups: Vec<Description>,
}

impl Described {
    pub(crate) fn of(peers: &Peers) -> Self {
        let [own, of_groups] =
            [&peers.own, &peers.of_groups].map(|peers| peers.iter().map(Snapshot::description).collect());
        Self { own, barriers: peers.barriers.clone(), of_groups }
    }

    /// All of them, each with whether it is a group's.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Description, bool)> {
        self.own.iter().map(|node| (node, false)).chain(self.of_groups.iter().map(|node| (node, true)))
    }
}

/// All that a report shows behind the cause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Details<'a> {
    pub(crate) directory: Option<&'a Path>,
    pub(crate) comments: &'a [String],
    pub(crate) nodes: &'a Described,
    pub(crate) output: &'a [Line],
}

impl Details<'_> {
    pub(crate) fn text(&self, palette: Palette) -> String {
        self.facts(palette) + &self.timeline(palette)
    }

    /// Without the timeline.
    pub(crate) fn facts(&self, palette: Palette) -> String {
        let mut text = String::new();
        for barrier in &self.nodes.barriers {
            let _ = writeln!(text, "\nat barrier: {barrier}");
        }
        if let Some(directory) = self.directory {
            let _ = writeln!(text, "\nits directory: {}", directory.display());
        }
        if !self.comments.is_empty() {
            text.push_str("\ncomments:\n");
            for line in self.comments.iter().flat_map(|comment| comment.lines()) {
                let _ = writeln!(text, "  {line}");
            }
        }
        self.node_list(&self.nodes.own, "", palette, &mut text);
        self.node_list(&self.nodes.of_groups, " of its groups", palette, &mut text);
        text
    }

    fn node_list(&self, nodes: &[Description], whose: &str, palette: Palette, text: &mut String) {
        if nodes.is_empty() {
            return;
        }
        let plural = if nodes.len() == 1 { "" } else { "s" };
        let _ = writeln!(text, "\n{} node{plural}{whose}:", nodes.len());
        let labels = Labels::of(self);
        for node in nodes {
            // Its output is in the timeline, or else the last of it is shown here.
            let has_lines = self.output.iter().any(|line| local(&line.node) == local(&node.node));
            let whole = if has_lines { node.head() } else { node.to_string() };
            let rest = whole.strip_prefix(node.node.as_str()).unwrap_or(&whole);
            text.push_str(&labels.paint(&node.node, &node.node, palette));
            text.push_str(rest);
        }
    }

    /// What all nodes printed.
    pub(crate) fn timeline(&self, palette: Palette) -> String {
        if self.output.is_empty() {
            return String::new();
        }
        let labels = Labels::of(self);
        let of_nodes = self.output.iter().any(|line| !line.node.is_empty());
        let mut text = format!("\noutput of {}:\n", if of_nodes { "all nodes" } else { "the test itself" });
        for line in self.output {
            let at = palette.dim(format_args!("{:>9}", seconds(line.at)));
            let _ = match &*line.node {
                "" => writeln!(text, "{at} {}", line.text),
                node => writeln!(text, "{at} {}| {}", labels.column(node, palette), line.text),
            };
        }
        text
    }
}

/// A time as all reports show it: `1.234s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}

/// Of each node its number, and the part of its name that distinguishes it.
#[derive(Debug)]
struct Labels<'a>(BTreeMap<&'a str, (usize, String)>);

impl<'a> Labels<'a> {
    fn of(details: &Details<'a>) -> Self {
        let nodes = details.nodes.all().map(|(node, _)| node.node.as_str());
        let mut names: Vec<&str> = Vec::new();
        for name in nodes.chain(details.output.iter().map(|line| line.node.as_str())).map(local) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let short = distinguishing(&names);
        Self(names.iter().zip(short).enumerate().map(|(at, (name, short))| (*name, (at, short))).collect())
    }

    /// A text in the color of its node.
    fn paint(&self, node: &str, text: &str, palette: Palette) -> String {
        self.0.get(local(node)).map_or_else(|| text.to_owned(), |(number, _)| palette.node(*number, text))
    }

    /// The short name, as wide as the widest one and a space; nothing if there is only one node.
    fn column(&self, node: &str, palette: Palette) -> String {
        if self.0.len() == 1 {
            return String::new();
        }
        let width = self.0.values().map(|(_, short)| short.chars().count()).max().unwrap_or_default();
        let short = self.0.get(local(node)).map_or(node, |(_, short)| short);
        self.paint(node, &format!("{short:<width$} "), palette)
    }
}

/// A name without its host, which is not known while a node boots.
fn local(name: &str) -> &str {
    name.split_once('@').map_or(name, |(local, _)| local)
}

/// Of each name the words that are left without the first and the last ones that all of them share; the whole names if
/// that left nothing of one.
fn distinguishing(names: &[&str]) -> Vec<String> {
    let words: Vec<Vec<&str>> = names.iter().map(|name| name.split('-').collect()).collect();
    let whole = || names.iter().map(|name| (*name).to_owned()).collect();
    let (Some(first), 2..) = (words.first(), names.len()) else {
        return whole();
    };
    let shortest = words.iter().map(Vec::len).min().unwrap_or_default();
    let common = |same: &dyn Fn(&[&str], usize) -> bool| {
        (0..shortest).take_while(|at| words.iter().all(|words| same(words, *at))).count()
    };
    let before = common(&|words, at| words[at] == first[at]);
    let behind = common(&|words, at| words[words.len() - 1 - at] == first[first.len() - 1 - at]);
    if before + behind >= shortest {
        return whole();
    }
    words.iter().map(|words| words[before..words.len() - behind].join("-")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_to_what_distinguishes_them() {
        let short = |names: &[&str]| distinguishing(names);
        assert_eq!(short(&["suite-elects-1-4711", "suite-elects-12-4711"]), ["1", "12"]);
        assert_eq!(short(&["db-a", "db-b-c"]), ["a", "b-c"]);
        assert_eq!(short(&["db", "db-2"]), ["db", "db-2"]);
        assert_eq!(short(&["a-1", "a-1-1"]), ["a-1", "a-1-1"]);
        assert_eq!(short(&["alone-1"]), ["alone-1"]);
        assert!(short(&[]).is_empty());
    }
}
