//! Why a peer did not start: data until it is displayed.

use std::fmt;
use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::state::Reason;
use crate::timeouts::display;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BootFailure {
    Spawn(SpawnFault),
    Down {
        phase: BootPhase,
        reason: Reason,
        /// Whether that is what [`Peer::kill`](crate::Peer::kill) did.
        by_kill: bool,
        timeout: Duration,
        command_line: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SpawnFault {
    /// The origin could not listen for the peer: too few descriptors.
    Listen(String),
    /// The program, which the option of this name gives, could not be executed.
    Execute { option: &'static str, program: String, kind: io::ErrorKind, errno: Option<i32>, error: String },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BootPhase {
    /// The node, of this executable or of the option `exec`, had not said hello.
    Hello { has_exec: bool },
    /// The node had said hello, and had not reported that it was started.
    Entered { has_exec: bool },
    Ready {
        waited_for: String,
        /// What the last look found in its place.
        last: Option<String>,
        /// Why it never would be ready.
        fault: Option<String>,
    },
}

impl SpawnFault {
    pub(crate) fn execute(option: &'static str, program: String, error: &io::Error) -> Self {
        let (kind, errno) = (error.kind(), error.raw_os_error());
        Self::Execute { option, program, kind, errno, error: error.to_string() }
    }

    fn hint(&self) -> String {
        self.known_hint().unwrap_or_else(|| {
            "raise the limit of open files or of processes (`ulimit -n`, `-u`), or run fewer nodes at once".to_owned()
        })
    }

    fn known_hint(&self) -> Option<String> {
        use io::ErrorKind::{ArgumentListTooLong, NotADirectory, NotConnected, NotFound, PermissionDenied, TimedOut};
        let Self::Execute { option, program, kind, errno, .. } = self else { return None };
        let is_program = *option == "program";
        Some(match kind {
            NotFound if is_program && program.contains(' ') => {
                "the option `program` names the program only, and its arguments go into `args`: \
                 `program: \"redis-server\", args: [\"--port\", \"7000\"]`"
                    .to_owned()
            }
            NotFound if is_program => {
                "the option `program` names no file, and nothing in `PATH`; is the program installed?".to_owned()
            }
            NotFound => "the option `exec` names no file, and nothing in `PATH`; a program of the same package is \
                         `env!(\"CARGO_BIN_EXE_name\")`"
                .to_owned(),
            NotConnected => "the keeper is this executable once more: it needs /proc, and room for a process \
                             (`ulimit -a`); a later start has another one"
                .to_owned(),
            TimedOut => "SIGCONT continues it; if it is killed, the next peer has another one".to_owned(),
            NotADirectory => "the option `current_dir` names it".to_owned(),
            PermissionDenied => format!("the option `{option}` names a file that may not be executed"),
            ArgumentListTooLong => "the options `args` and `env` are longer than the operating system takes".to_owned(),
            _ if *errno == Some(Errno::NOEXEC.raw_os_error()) => {
                format!(
                    "the option `{option}` names a file that is no program for this machine; a script needs a `#!` line"
                )
            }
            _ => return None,
        })
    }
}

impl BootFailure {
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Spawn(_) => None,
            Self::Down { reason, .. } => Some(reason),
        }
    }

    /// Whether the same start may work a moment later.
    pub(crate) fn is_infrastructure(&self) -> bool {
        match self {
            // The machine had no room, or the keeper did not answer.
            Self::Spawn(SpawnFault::Execute {
                kind: io::ErrorKind::NotConnected | io::ErrorKind::TimedOut, ..
            }) => true,
            Self::Spawn(fault) => fault.known_hint().is_none(),
            Self::Down { reason, .. } => {
                matches!(reason, Reason::BootTimeout | Reason::KeeperLost | Reason::Unheard(_))
            }
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        let (phase, reason) = match self {
            Self::Spawn(fault) => return Some(fault.hint()),
            Self::Down { phase, reason, .. } => (phase, reason),
        };
        let hint = match (phase, reason) {
            (BootPhase::Ready { fault: Some(_), .. }, _) => {
                "the option `ready` names the probe; is the program installed? Its arguments are a list of their own"
            }
            (BootPhase::Ready { .. }, Reason::Exited(0)) => {
                "if it makes itself a daemon, tell it to stay in the foreground; it is ended with its peer"
            }
            (BootPhase::Ready { .. }, Reason::BootTimeout) => "`wait_boot` waits longer, and `ready` says for what",
            (BootPhase::Entered { has_exec: true }, Reason::BootTimeout) => {
                "it entered, and did not report that it is started: does it call `started()` on what \
                 `enter_booting()` gave it?"
            }
            // Any other status, and a signal, say more: it is a failure of the program's own.
            (BootPhase::Hello { has_exec: true }, Reason::Exited(0) | Reason::BootTimeout) => {
                "it never entered as a node: the first line of its main is `let _node = peer::node::enter();`; \
                 a program that is not yours is started with `program`"
            }
            (BootPhase::Hello { has_exec: false } | BootPhase::Entered { has_exec: false }, _) => {
                "PEER_BOOT_DEBUG=1 shows every step of a boot"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for BootFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, reason, by_kill, timeout, command_line) = match self {
            Self::Spawn(SpawnFault::Listen(error)) => return write!(f, "it cannot be listened for: {error}"),
            Self::Spawn(SpawnFault::Execute { program, error, .. }) => {
                return write!(f, "`{program}` cannot be executed: {error}");
            }
            Self::Down { phase, reason, by_kill, timeout, command_line } => {
                (phase, reason, by_kill, display(*timeout), command_line)
            }
        };
        let (what, when) = match phase {
            BootPhase::Ready { .. } => ("the program", "before it was ready"),
            BootPhase::Hello { .. } | BootPhase::Entered { .. } => ("the node", "while it was booting"),
        };
        match (phase, reason) {
            (BootPhase::Ready { fault: Some(fault), .. }, _) => f.write_str(fault)?,
            (BootPhase::Ready { waited_for, last, .. }, Reason::BootTimeout) => {
                write!(f, "{what} was not ready within {timeout}: waited for {waited_for}")?;
                last.iter().try_for_each(|last| write!(f, "\n{last}"))?;
            }
            (_, Reason::BootTimeout) => write!(f, "{what} was not started within {timeout}")?,
            (_, Reason::Stopped | Reason::ScopeEnded) => write!(f, "{what} was ended {when}: {reason}")?,
            _ if *by_kill => write!(f, "{what} was killed {when}: {reason}")?,
            _ => write!(f, "{what} ended {when}: {reason}")?,
        }
        write!(f, "\ncommand line: {command_line}")
    }
}
