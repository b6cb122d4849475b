//! The matrix: ways in which the origin ends, states of its peer, kinds of descendant of the peer.

use std::fmt;
use std::str::FromStr;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// An enum whose values have names, and a list of all of them.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $type { $($(#[$value_doc])* $value,)* }

        impl $type {
            pub(crate) const ALL: &[Self] = &[$(Self::$value,)*];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$value => $name,)* })
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|value| value.to_string() == name);
                found.copied().ok_or_else(|| format!("`{name}` is none of {}", [$($name,)*].join(", ")))
            }
        }
    };
}

named! {
    /// How the origin ends.
    Way {
        Pass = "pass",
        Assertion = "assertion",
        PanicInTask = "panic-in-task",
        Timetrap = "timetrap",
        Exit = "exit",
        Abort = "abort",
        StackOverflow = "stack-overflow",
        Segv = "segv",
        Term = "sigterm",
        Int = "sigint",
        Hup = "sighup",
        Kill = "sigkill",
        /// Another program takes its place, which has nothing to do with all that.
        Exec = "exec",
        /// SIGKILL to the `cargo test` above it.
        KillCargo = "sigkill-cargo",
        /// SIGKILL to the `cargo nextest run` above it.
        KillNextest = "sigkill-nextest",
        /// SIGKILL to its keeper: it goes on by itself, and ends what the keeper would have ended.
        KillKeeper = "sigkill-keeper",
        /// SIGKILL to it and to its keeper, which has no time to do anything: the stated limit.
        KillBoth = "sigkill-both",
    }
}

impl Way {
    /// Those that every peer survives nowhere, and that need no cargo.
    const PLAIN: &[Self] = Self::ALL.split_at(13).0;
    /// What else is picked by chance; seldom, since cargo takes its time.
    const CARGO: &[Self] = &[Self::KillCargo, Self::KillNextest];

    /// Whether somebody else ends the origin, at any moment.
    pub(crate) fn is_signal(self) -> bool {
        use Way::*;
        matches!(self, Term | Int | Hup | Kill | KillCargo | KillNextest | KillBoth)
    }

    /// Whether its process goes on, and only all that is below it has to end.
    pub(crate) fn goes_on(self) -> bool {
        matches!(self, Self::Exec | Self::KillKeeper)
    }

    /// Whether the origin is a child of cargo.
    pub(crate) fn has_cargo(self) -> bool {
        matches!(self, Self::KillCargo | Self::KillNextest)
    }
}

named! {
    /// What the peer is doing then.
    State {
        /// An `exec` that has not entered, and never will.
        BeforeHello = "before-hello",
        /// `enter_booting` without `started`.
        Booting = "booting",
        Idle = "idle",
        /// Every thread of its runtime.
        Busy = "busy",
        /// Inside a stop hook that hangs.
        StopHook = "stop-hook",
        /// Three of them, each by another policy.
        Stopping = "stopping",
        Sigstopped = "sigstopped",
        /// Blocked on a full pipe.
        ConsoleFull = "console-full",
        NoDescriptors = "no-descriptors",
        /// It has just crashed, and its children have not.
        Crashed = "crashed",
    }
}

named! {
    /// What the peer has started.
    Kin {
        None = "alone",
        Child = "child",
        /// Ignores SIGTERM, SIGHUP, SIGINT and SIGQUIT.
        Stubborn = "stubborn",
        /// Double fork and setsid.
        Daemon = "daemon",
        /// The same with an empty environment, in another folder, with closed descriptors.
        Hidden = "hidden",
        /// A daemon that holds the console.
        Holder = "holder",
        /// Each generation leaves the session, starts the next one and exits.
        Forker = "forker",
        /// Four that fork as fast as they can, each generation by the one before it, which has ended by then.
        Swarm = "swarm",
        /// A daemon of which only the first thread has ended.
        Leaderless = "leaderless",
        /// The peer is an origin itself, with a peer of its own.
        NestedNode = "nested-node",
        /// A child that is a test executable, with a peer of its own.
        NestedTest = "nested-test",
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) way: Way,
    pub(crate) state: State,
    pub(crate) kin: Kin,
    /// TCP, and not standard I/O.
    pub(crate) tcp: bool,
    pub(crate) linked: bool,
    /// The origin is ended so many milliseconds after its start (below cargo: of its test), whatever it has come to.
    pub(crate) after: Option<u64>,
}

impl Cell {
    /// What has to start: how often who reports under that name.
    pub(crate) fn expected(&self) -> Vec<(&'static str, usize)> {
        let peers = if self.state == State::Stopping { 3 } else { 1 };
        let kin: &[(&str, usize)] = match self.kin {
            Kin::None => &[],
            Kin::Child => &[("child", 1)],
            Kin::Stubborn => &[("stubborn", 1)],
            Kin::Daemon => &[("daemon", 1)],
            Kin::Hidden => &[("hidden", 1)],
            Kin::Holder => &[("holder", 1)],
            Kin::Forker => &[("generation", 3)],
            Kin::Swarm => &[("swarm", 4)],
            Kin::Leaderless => &[("leaderless", 1)],
            Kin::NestedNode => &[("nested-peer", 1)],
            Kin::NestedTest => &[("nested-origin", 1), ("nested-peer", 1)],
        };
        let kin = kin.iter().map(|(name, count)| (*name, count * peers));
        [("origin", 1), ("peer", peers)].into_iter().chain(kin).collect()
    }

    pub(crate) fn makes_sense(&self) -> bool {
        // What is not started cannot be an origin.
        let is_started = !matches!(self.state, State::BeforeHello | State::Booting);
        // Under cargo nobody tells the origin how far its descendants are.
        let needs_no_word = matches!(self.state, State::BeforeHello | State::Booting | State::Idle | State::Busy);
        (is_started || self.kin != Kin::NestedNode) && (needs_no_word || !self.way.has_cargo())
    }
}

/// Every state with every kind of descendant, four ways each, so that every way meets every state and every kind.
pub(crate) fn table() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (s, state) in State::ALL.iter().enumerate() {
        for (k, kin) in Kin::ALL.iter().enumerate() {
            for round in 0..4 {
                let way = Way::PLAIN[(s + k + 3 * round) % Way::PLAIN.len()];
                let (tcp, linked) = ((round ^ k) & 1 == 1, ((round >> 1) ^ s) & 1 == 0);
                cells.push(Cell { way, state: *state, kin: *kin, tcp, linked, after: None });
            }
        }
    }
    for way in [Way::KillCargo, Way::KillNextest] {
        for (state, kin, tcp) in [
            (State::Idle, Kin::Daemon, false),
            (State::Busy, Kin::Forker, true),
            (State::Booting, Kin::Hidden, false),
            (State::BeforeHello, Kin::NestedTest, true),
        ] {
            cells.push(Cell { way, state, kin, tcp, linked: true, after: None });
        }
    }
    cells.retain(Cell::makes_sense);
    cells
}

/// So many cells by chance, the same ones for the same seed; half of those that a signal ends are ended by chance, too.
pub(crate) fn random(count: usize, seed: u64) -> Vec<Cell> {
    let mut random = StdRng::seed_from_u64(seed);
    let pick = |random: &mut StdRng| {
        let ways = if random.random_ratio(1, 50) { Way::CARGO } else { Way::PLAIN };
        let way = *ways.choose(random)?;
        let (state, kin) = (*State::ALL.choose(random)?, *Kin::ALL.choose(random)?);
        let after = (way.is_signal() && random.random()).then(|| random.random_range(0..400));
        Some(Cell { way, state, kin, tcp: random.random(), linked: random.random(), after })
    };
    std::iter::from_fn(|| pick(&mut random)).filter(Cell::makes_sense).take(count).collect()
}

/// `sigkill/busy/daemon/tcp/linked`, and `/137` for a random moment.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { way, state, kin, tcp, linked, after } = self;
        let (connection, link) = (if *tcp { "tcp" } else { "stdio" }, if *linked { "linked" } else { "unlinked" });
        write!(f, "{way}/{state}/{kin}/{connection}/{link}")?;
        after.map_or(Ok(()), |ms| write!(f, "/{ms}"))
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (&[way, state, kin, connection, link], after) = match &parts[..] {
            [five @ .., ms] if parts.len() == 6 => (five.try_into().map_err(|_| text)?, Some(ms)),
            five => (five.try_into().map_err(|_| format!("`{text}` is no cell"))?, None),
        };
        let after = after.map(|ms| ms.parse().map_err(|error| format!("{ms}: {error}"))).transpose()?;
        let (tcp, linked) = (connection == "tcp", link == "linked");
        Ok(Self { way: way.parse()?, state: state.parse()?, kin: kin.parse()?, tcp, linked, after })
    }
}

#[test]
fn the_table_has_every_pair() {
    let cells = table();
    assert!(cells.len() >= 300, "{} cells", cells.len());
    let has = |matches: &dyn Fn(&Cell) -> bool| cells.iter().any(matches);
    for state in State::ALL {
        for way in Way::PLAIN {
            assert!(has(&|cell| cell.way == *way && cell.state == *state), "{way} and {state}");
        }
        for connection in [false, true] {
            assert!(has(&|cell| cell.tcp == connection && cell.state == *state), "{connection} and {state}");
        }
    }
    for kin in Kin::ALL {
        for way in Way::PLAIN {
            assert!(has(&|cell| cell.way == *way && cell.kin == *kin), "{way} and {kin}");
        }
    }
    let different: std::collections::HashSet<String> = cells.iter().map(Cell::to_string).collect();
    assert_eq!(different.len(), cells.len());
    for cell in cells.iter().chain(&random(1000, 1)) {
        assert_eq!(Cell::from_str(&cell.to_string()), Ok(*cell));
    }
    assert_eq!(random(100, 7), random(100, 7));
}
