//! Names of nodes: making them, checking them, and holding them while they are in use.

use crate::truncate;
use std::collections::HashSet;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The longest name of a node that may be asked for, in bytes.
pub(crate) const LONGEST: usize = 255;
/// The longest name that `ct_peer!` makes.
const LONGEST_DERIVED: usize = 64;

/// A sufficiently unique name for a node on this machine: `prefix-N-ospid`, with `peer` for no
/// prefix.
///
/// Mirrors the manual's `random_name/0` and `random_name/1`.
///
/// ```
/// let name = peer::random_name("store");
/// assert!(name.starts_with("store-") && name.ends_with(&format!("-{}", std::process::id())));
/// assert!(peer::random_name(None).starts_with("peer-"));
/// ```
pub fn random_name<'a>(prefix: impl Into<Option<&'a str>>) -> String {
    format!("{}-{}", prefix.into().unwrap_or("peer"), unique())
}

/// The name of a program, without the hash that Cargo appends to that of a test target.
pub(crate) fn of_program(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((name, hash)) if is_hash(hash) => name.to_owned(),
        _ => name.into_owned(),
    }
}

/// The part that makes a name unique: a number of this process and its id.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{}-{}", NEXT.fetch_add(1, Ordering::Relaxed), std::process::id())
}

/// Common Test's name for the function at `path`, as the compiler writes it: module, function, number and process id.
pub(crate) fn from_function(path: &str) -> String {
    // The macro calls it in a function of its own.
    let parts: Vec<String> = path
        .strip_suffix("::here")
        .unwrap_or(path)
        .split("::")
        .filter(|part| !part.is_empty() && *part != "_" && !part.starts_with('{'))
        .map(|part| part.chars().filter(|c| is_of_word(*c)).collect())
        .collect();
    let unique = unique();
    let mut prefix = parts.join("-");
    prefix.truncate(truncate::start(&prefix, LONGEST_DERIVED - unique.len() - 1).len());
    format!("{prefix}-{unique}")
}

/// May the character be part of a name made from that of a function? Letters of any script may.
pub(crate) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// What is wrong with the name that an option gives, if anything is.
pub(crate) fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > LONGEST {
        Some("it is longer than 255 bytes")
    } else if name.contains('@') {
        Some("it contains `@`; the part after it is the option `host`")
    } else if name.contains(char::is_whitespace) {
        Some("it contains white space")
    } else if name.contains(char::is_control) {
        Some("it contains a control character")
    } else {
        None
    }
}

/// This machine's name, its domain included where it has one.
pub(crate) fn full_host() -> String {
    // From the kernel: reading a file needs a descriptor.
    let kernel = rustix::system::uname();
    let name = kernel.nodename().to_string_lossy();
    if name.is_empty() { "localhost".to_owned() } else { name.into_owned() }
}

pub(crate) fn short_host() -> String {
    let host = full_host();
    host.split('.').next().filter(|label| !label.is_empty()).unwrap_or("localhost").to_owned()
}

/// The full name of this process, where an origin gave it one.
static GIVEN: OnceLock<String> = OnceLock::new();

pub(crate) fn give(name: &str) {
    // A process becomes a node once.
    let _ = GIVEN.set(name.to_owned());
}

/// The full name of this process: a node's own, or `<package>-<ospid>@<host>`.
pub(crate) fn own() -> String {
    GIVEN.get().cloned().unwrap_or_else(|| format!("{}@{}", origin_name(), short_host()))
}

/// The name part of that.
pub(crate) fn own_name() -> String {
    let own = own();
    own.split_once('@').map_or(own.clone(), |(name, _)| name.to_owned())
}

pub(crate) fn own_path() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"))
}

fn origin_name() -> String {
    // Cargo sets it for what it runs; other programs have the name of their file.
    let package = std::env::var("CARGO_PKG_NAME").ok().or_else(|| {
        let exe = std::env::current_exe().ok()?;
        Some(exe.file_stem()?.to_string_lossy().into_owned())
    });
    let package = package.filter(|name| fault(name).is_none()).unwrap_or_else(|| "origin".to_owned());
    format!("{package}-{}", std::process::id())
}

/// A peer's name, reserved against other threads of this process; [`hold`] reserves it against other processes.
#[derive(Debug)]
pub(crate) struct Reservation {
    name: String,
}

fn reserved() -> MutexGuard<'static, HashSet<String>> {
    static RESERVED: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();
    RESERVED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reservation {
    pub(crate) fn take(name: &str) -> io::Result<Self> {
        if !reserved().insert(name.to_owned()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(Self { name: name.to_owned() })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        reserved().remove(&self.name);
    }
}

/// Holds a [`socket_name`] until the result is dropped. The error is that it is in use.
///
/// An abstract Unix socket: taking it is atomic and machine-wide, and it ends with its last copy. So the process that holds
/// it must not leave copies to forked children.
pub(crate) fn hold(socket_name: &[u8]) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(socket_name)?)
}

/// Is it the error of a process or system without free descriptors?
pub(crate) fn is_short(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

/// The socket that holds a name, in at most 107 bytes. A long name becomes its start and a hash (FNV-1a) of any build.
pub(crate) fn socket_name(name: &str) -> Vec<u8> {
    let mut socket = b"peer-node/".to_vec();
    if name.len() <= LONGEST_DERIVED {
        socket.extend_from_slice(name.as_bytes());
    } else {
        let hash = name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        socket.extend_from_slice(&name.as_bytes()[..LONGEST_DERIVED]);
        socket.extend_from_slice(format!("{hash:032x}").as_bytes());
    }
    socket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_common_test() {
        let name = from_function("my_suite::_::by_hand::{{closure}}::here");
        assert!(name.starts_with("my_suite-by_hand-"), "{name}");
        for (path, prefix) in [
            ("suite::größe::here", "suite-größe-"),
            ("suite::_::測試::{{closure}}::here", "suite-測試-"),
            ("suite::a\u{1b}[b \u{202e}c::here", "suite-abc-"),
        ] {
            let name = from_function(path);
            assert!(name.starts_with(prefix) && fault(&name).is_none(), "{name}");
        }
        let long = from_function(&format!("suite::x{}::here", "測".repeat(64)));
        assert!(long.len() <= 64 && long.ends_with(&format!("-{}", std::process::id())), "{long}");
    }

    #[test]
    fn a_name_is_held_once_and_can_be_taken_again() {
        for name in [random_name("held"), "x".repeat(255)] {
            let reserved = Reservation::take(&name).unwrap();
            assert_eq!(Reservation::take(&name).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            drop(reserved);
            Reservation::take(&name).unwrap();

            let socket = socket_name(&name);
            assert!(socket.len() <= 107);
            let held = hold(&socket).unwrap();
            assert_eq!(hold(&socket).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            drop(held);
            hold(&socket).unwrap();
        }
    }
}
