//! What a person reads of a failure behind its cause: what was found, every node, and what all of them printed, in one
//! timeline.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::event::{Finished, Peers};
use super::paint::Paint;
use crate::origin::{Description, Snapshot};
use crate::scope::Line;

/// Peers, part by part.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    pub(super) own: Vec<Description>,
    /// At which barriers it waited itself, and for how long.
    pub(super) barriers: Vec<String>,
    /// Those of its groups, which others may have used meanwhile.
    pub(super) of_groups: Vec<Description>,
}

impl Described {
    /// These peers as they were then.
    pub(super) fn of(peers: &Peers) -> Self {
        let [own, of_groups] =
            [&peers.own, &peers.of_groups].map(|peers| peers.iter().map(Snapshot::description).collect());
        Self { own, barriers: peers.barriers.clone(), of_groups }
    }

    /// All of them, each with whether it is a group's.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Description, bool)> {
        self.own.iter().map(|node| (node, false)).chain(self.of_groups.iter().map(|node| (node, true)))
    }
}

/// All that there is to tell besides the cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Details<'a> {
    pub(super) directory: Option<&'a Path>,
    pub(super) comments: &'a [String],
    pub(super) nodes: &'a Described,
    pub(super) console: &'a [Line],
}

impl<'a> Details<'a> {
    pub(super) fn of(finished: &'a Finished, nodes: &'a Described) -> Self {
        Self {
            directory: finished.directory.as_deref(),
            comments: &finished.comments,
            nodes,
            console: &finished.console,
        }
    }

    /// In lines for a reader.
    pub(super) fn text(&self, paint: Paint) -> String {
        let labels = Labels::of(self.nodes, self.console);
        self.facts(paint) + &timeline(self.console, &labels, paint)
    }

    /// The same without the timeline, where that is told elsewhere.
    pub(super) fn facts(&self, paint: Paint) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
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
        let labels = Labels::of(self.nodes, self.console);
        text.push_str(&self.node_list(&labels, paint));
        text
    }

    fn node_list(&self, labels: &Labels, paint: Paint) -> String {
        let Described { own, of_groups, .. } = self.nodes;
        let mut text = match own.len() {
            0 if of_groups.is_empty() => return "\nno nodes were started\n".to_owned(),
            0 => String::new(),
            1 => "\n1 node:\n".to_owned(),
            n => format!("\n{n} nodes:\n"),
        };
        self.list(own, labels, paint, &mut text);
        if !of_groups.is_empty() {
            let plural = if of_groups.len() == 1 { "" } else { "s" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{} node{plural} of its groups:", of_groups.len());
            self.list(of_groups, labels, paint, &mut text);
        }
        text
    }

    fn list(&self, nodes: &[Description], labels: &Labels, paint: Paint, text: &mut String) {
        for node in nodes {
            // What is in the timeline is not told twice; where output was shown at once, the last of it is told here.
            let is_told = self.console.iter().any(|line| local(&line.node) == local(&node.node));
            let whole = if is_told { node.head() } else { node.to_string() };
            let rest = whole.strip_prefix(node.node.as_str()).unwrap_or(&whole);
            text.push_str(&labels.paint(&node.node, &node.node, paint));
            text.push_str(rest);
        }
    }
}

/// What all nodes printed, with times and names.
fn timeline(console: &[Line], labels: &Labels, paint: Paint) -> String {
    if console.is_empty() {
        return String::new();
    }
    let of_nodes = console.iter().any(|line| !line.node.is_empty());
    let mut text = format!("\noutput of {}:\n", if of_nodes { "all nodes" } else { "the test itself" });
    for line in console {
        let at = seconds(line.at);
        let shown = if line.node.is_empty() {
            line.text.clone()
        } else {
            format!("{}| {}", labels.column(&line.node, paint), line.text)
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {shown}", paint.dim(format_args!("{at:>9}")));
    }
    text
}

/// A time as all screens show it: `1.234s`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}

/// By node: what tells it from the others, in few messages, and its number.
#[derive(Debug)]
struct Labels(BTreeMap<String, (usize, String)>);

impl Labels {
    fn of(nodes: &Described, console: &[Line]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        let all = nodes.all().map(|(node, _)| node.node.as_str()).chain(console.iter().map(|line| line.node.as_str()));
        for name in all.map(local).filter(|name| !name.is_empty()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let short = distinguishing(&names);
        Self(names.iter().zip(short).enumerate().map(|(at, (name, short))| ((*name).to_owned(), (at, short))).collect())
    }

    /// A name in the colour of its node.
    fn paint(&self, node: &str, text: &str, paint: Paint) -> String {
        self.0.get(local(node)).map_or_else(|| text.to_owned(), |(number, _)| paint.node(*number, text))
    }

    /// The short name, as wide as the widest one and a space; nothing of the only one, which is told above.
    fn column(&self, node: &str, paint: Paint) -> String {
        if self.0.len() == 1 {
            return String::new();
        }
        let width = self.0.values().map(|(_, short)| short.chars().count()).max().unwrap_or_default();
        let short = self.0.get(local(node)).map_or(node, |(_, short)| short);
        self.paint(node, &format!("{short:<width$} "), paint)
    }
}

/// A name without its host: a node that boots has not said yet where it is.
fn local(name: &str) -> &str {
    name.split_once('@').map_or(name, |(local, _)| local)
}

/// Of each name what is left without the words that all of them begin with, and end with; the whole names if that were
/// nothing for one of them.
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
    use super::super::reporter::sample::{description, line};
    use super::*;

    fn details<'a>(nodes: &'a Described, console: &'a [Line]) -> Details<'a> {
        Details { directory: None, comments: &[], nodes, console }
    }

    #[test]
    fn names_are_cut_to_what_tells_them_apart() {
        let short = |names: &[&str]| distinguishing(names);
        assert_eq!(short(&["suite-elects-1-4711", "suite-elects-12-4711"]), ["1", "12"]);
        assert_eq!(short(&["db-a", "db-b-c"]), ["a", "b-c"]);
        assert_eq!(short(&["db", "db-2"]), ["db", "db-2"]);
        assert_eq!(short(&["a-1", "a-1-1"]), ["a-1", "a-1-1"]);
        assert_eq!(short(&["left", "right"]), ["left", "right"]);
        assert_eq!(short(&["alone-1"]), ["alone-1"]);
        assert!(short(&[]).is_empty());
    }

    #[test]
    fn nodes_and_one_timeline_are_told() {
        let own = vec![
            description("suite-elects-1-7@host", "running"),
            description("suite-elects-2-7@host", "down: exit status 5"),
        ];
        let nodes = Described { own, barriers: vec!["`loaded`, for 0.3s".to_owned()], of_groups: Vec::new() };
        let console = [
            Line { node: String::new(), ..line(0, "", "(2 earlier lines were dropped)") },
            line(12, "suite-elects-1-7@host", "elected"),
            line(61_234, "suite-elects-12-7", "who is it?"),
        ];
        let comments = ["seen twice\nor so".to_owned()];
        let details = Details {
            directory: Some(Path::new("/tmp/peer-1")),
            comments: &comments,
            nodes: &nodes,
            console: &console,
        };
        assert_eq!(
            details.text(Paint::PLAIN),
            "
at barrier: `loaded`, for 0.3s

its directory: /tmp/peer-1

comments:
  seen twice
  or so

2 nodes:
suite-elects-1-7@host (os pid 7): running
  command line: /bin/suite --peer-node=1:self
  options:      { connection: StandardIo }
suite-elects-2-7@host (os pid 7): down: exit status 5
  command line: /bin/suite --peer-node=1:self
  options:      { connection: StandardIo }
  last output:
    | the last line

output of all nodes:
   0.000s (2 earlier lines were dropped)
   0.012s 1  | elected
  61.234s 12 | who is it?
"
        );
    }

    #[test]
    fn the_last_output_is_told_where_there_is_no_timeline() {
        let nodes = Described { own: vec![description("a-1@host", "running")], ..Described::default() };
        let text = details(&nodes, &[]).text(Paint::PLAIN);
        assert!(text.ends_with("  last output:\n    | the last line\n"), "{text}");
        assert_eq!(details(&Described::default(), &[]).text(Paint::PLAIN), "\nno nodes were started\n");
    }

    #[test]
    fn the_nodes_of_its_groups_are_told_as_such() {
        let of_groups = vec![description("suite-init-1-7@host", "running")];
        let nodes = Described { of_groups, ..Described::default() };
        let text = details(&nodes, &[line(5, "suite-init-1-7@host", "put k")]).text(Paint::PLAIN);
        assert!(text.starts_with("\n1 node of its groups:\nsuite-init-1-7@host (os pid 7): running\n"), "{text}");
        assert!(text.ends_with("\noutput of all nodes:\n   0.005s | put k\n"), "{text}");
        let both = Described { own: nodes.of_groups.clone(), ..nodes };
        let text = details(&both, &[]).text(Paint::PLAIN);
        assert!(text.starts_with("\n1 node:\n") && text.contains("\n\n1 node of its groups:\n"), "{text}");
    }

    #[test]
    fn each_node_has_its_colour_in_both_lists() {
        let own = vec![description("a-1@host", "running"), description("a-2@host", "running")];
        let nodes = Described { own, ..Described::default() };
        let text = details(&nodes, &[line(1, "a-2@host", "two")]).text(Paint::COLOURED);
        let colour = Paint::COLOURED.node(1, "");
        let colour = colour.trim_end_matches("\u{1b}[0m");
        assert!(text.contains(&format!("{colour}a-2@host\u{1b}[0m (os pid 7)")), "{text}");
        assert!(text.contains(&format!("{colour}2 \u{1b}[0m| two")), "{text}");
    }
}
