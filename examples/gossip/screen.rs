//! What the example prints: its steps with their times, and who sees whom.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use peer::prelude::*;

/// How wide the text of a step is.
const STEP: usize = 58;

/// The terminal, and what it has to know about the cluster.
pub(crate) struct Screen {
    begun: Instant,
    colours: bool,
    members: Vec<(String, u32, SocketAddr)>,
}

impl Screen {
    pub(crate) fn new(title: &str) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let screen = Self { begun: Instant::now(), colours, members: Vec::new() };
        println!("\n{}\n", screen.paint("1", title));
        screen
    }

    /// A step is done; its time is the one since the step before.
    pub(crate) fn step(&mut self, name: &str, what: &str) {
        let took = self.begun.elapsed();
        println!("{}  {what:<STEP$} {}", self.paint("1;36", &format!("  {name:<7}")), milliseconds(took));
        self.begun = Instant::now();
    }

    /// Who belongs to the cluster.
    pub(crate) fn members(&mut self, nodes: &[Peer], addresses: &[SocketAddr]) {
        let members = nodes.iter().zip(addresses).map(|(node, address)| (node.node(), node.os_pid(), *address));
        self.members = members.collect();
    }

    /// One line for each member: whom it sees, and after how long it saw them.
    pub(crate) fn table(&mut self, nodes: &[Peer], seen: &[(Vec<String>, Duration)]) {
        let width = self.members.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let numbers: Vec<String> = (1..=self.members.len()).map(|number| number.to_string()).collect();
        let head = format!("{:<width$}  {:>7}  {:<20} sees {}", "node", "os pid", "gossips on", numbers.join(" "));
        println!("\n      {}", self.paint("2", &head));
        for (number, (name, pid, address)) in numbers.iter().zip(&self.members) {
            let view = nodes.iter().zip(seen).find(|(node, _)| node.node() == *name).map(|(_, view)| view);
            let line = format!("{number} {name:<width$}  {pid:>7}  {:<20}", address.to_string());
            match view {
                Some((sees, took)) => println!("    {line}      {}  {}", self.dots(sees), milliseconds(*took)),
                None => println!("    {}", self.paint("2", &format!("{line}      killed"))),
            }
        }
        println!();
        self.begun = Instant::now();
    }

    fn dots(&self, sees: &[String]) -> String {
        let dots = self.members.iter().map(|(name, ..)| match sees.contains(name) {
            true => self.paint("32", "●"),
            false => self.paint("31", "○"),
        });
        dots.collect::<Vec<_>>().join(" ")
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:>8.1} ms", time.as_secs_f64() * 1e3)
}
