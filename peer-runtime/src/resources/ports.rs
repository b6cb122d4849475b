//! Port leases: one scope of one process on this machine has a port until the scope ends.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::net::UnixListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use socket2::{Domain, Socket, Type};

use crate::error::{Error, ErrorKind};
use crate::name;
use crate::random;

const FREE_PORT: &str = "free_port";
/// Lower ones are those of well-known services.
const LOWEST: u16 = 10_000;
/// Only privileged processes may listen on lower ones.
const UNPRIVILEGED: u16 = 1024;
/// Ports of outgoing connections by default.
const EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;

/// The leases of one scope; `None` once they have been given back.
///
/// An abstract Unix socket with the name of the port holds a lease: taking it is atomic, all users of the same network namespace
/// see it, and it ends with its process. The port itself is not bound, so that a node can bind it, also after a restart.
#[derive(Debug)]
pub(crate) struct Ports(Mutex<Option<Vec<UnixListener>>>);

impl Default for Ports {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

impl Ports {
    pub(crate) fn lease(&self) -> Result<u16, Error> {
        let mut leases = self.0.lock();
        let Some(leases) = &mut *leases else {
            return Err(Error::new(ErrorKind::NoScope, FREE_PORT, "its scope has ended, and has given its ports back"));
        };
        let (port, lease) = lease()?;
        leases.push(lease);
        Ok(port)
    }

    pub(crate) fn give_back(&self) {
        *self.0.lock() = None;
    }
}

/// The next free port.
///
/// This process goes through all ports from a random one on, so that another attempt of a test gets other ports.
fn lease() -> Result<(u16, UnixListener), Error> {
    static TURN: OnceLock<AtomicUsize> = OnceLock::new();
    let turn = TURN.get_or_init(|| AtomicUsize::new(u16::from_ne_bytes(random::bytes()).into()));
    let ports = ports();
    for _ in 0..ports.len() {
        let port = ports[turn.fetch_add(1, Ordering::Relaxed) % ports.len()];
        match name::hold(format!("peer-port/{port}").as_bytes()) {
            Ok(held) if is_free(port).map_err(|error| failed(&error))? => return Ok((port, held)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    let what = format!("all {} ports of this machine that it may have are in use or on lease", ports.len());
    Err(Error::new(ErrorKind::Io, FREE_PORT, what)
        .hint("a lease ends with the test that has it; `ss -lntu` shows who listens"))
}

fn failed(error: &io::Error) -> Error {
    let failed = Error::new(ErrorKind::Io, FREE_PORT, format!("a port cannot be taken: {error}"));
    if name::is_short(error) {
        failed.hint("a lease takes one descriptor, and some more for a moment; see `ulimit -n`")
    } else {
        failed
    }
}

/// Can a server listen on the port, at any address of this machine and by TCP and UDP?
///
/// Without `SO_REUSEADDR`, since not every server sets it: a port with connections in TIME_WAIT is not free.
fn is_free(port: u16) -> io::Result<bool> {
    for kind in [Type::STREAM, Type::DGRAM] {
        for address in
            [SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))]
        {
            match bind(address, kind) {
                Ok(()) => {}
                Err(error) if name::is_short(&error) => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse || address.is_ipv4() => return Ok(false),
                // There is no IPv6 here.
                Err(_) => {}
            }
        }
    }
    Ok(true)
}

fn bind(address: SocketAddr, kind: Type) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}

/// All ports that may be leased. Outside the range of outgoing connections, which could take the port of a node that
/// restarts, if there is any; above the well-known services, if there is any.
fn ports() -> &'static [u16] {
    static PORTS: OnceLock<Vec<u16>> = OnceLock::new();
    PORTS.get_or_init(|| {
        // Without `/proc` these are the kernel's defaults.
        let read = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        select(
            &ephemeral(&read("ip_local_port_range")).unwrap_or(EPHEMERAL),
            &reserved(&read("ip_local_reserved_ports")),
        )
    })
}

fn select(ephemeral: &RangeInclusive<u16>, reserved: &[RangeInclusive<u16>]) -> Vec<u16> {
    let is_reserved = |port: &u16| reserved.iter().any(|range| range.contains(port));
    let all: Vec<u16> = (UNPRIVILEGED..=u16::MAX).filter(|port| !is_reserved(port)).collect();
    let fixed: Vec<u16> = all.iter().copied().filter(|port| !ephemeral.contains(port)).collect();
    let high: Vec<u16> = fixed.iter().copied().filter(|port| *port >= LOWEST).collect();
    [high, fixed, all].into_iter().find(|ports| !ports.is_empty()).unwrap_or_default()
}

/// Two numbers, with white space between them.
fn ephemeral(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.trim().split_once(char::is_whitespace)?;
    Some(first.parse().ok()?..=last.trim().parse().ok()?)
}

/// `8080,9000-9010`: ports that the administrator reserved.
fn reserved(text: &str) -> Vec<RangeInclusive<u16>> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.trim().split(',').filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn the_best_ports_are_selected() {
        let ports = select(&ephemeral("32768\t60999\n").unwrap(), &reserved("20000,61000-61009\n"));
        assert_eq!((ports[0], ports.len()), (LOWEST, 22_768 + 4_536 - 11));
        assert!(!ports.contains(&20_000) && !ports.contains(&61_009) && ports.contains(&61_010));
        assert_eq!(select(&(LOWEST..=u16::MAX), &[]), (UNPRIVILEGED..LOWEST).collect::<Vec<_>>());
        assert_eq!(select(&(UNPRIVILEGED..=u16::MAX), &[]).len(), 64_512);
        assert_eq!((ephemeral(""), reserved("\n").len()), (None, 0));
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let ports = Ports::default();
        let port = ports.lease().unwrap();
        assert!(is_free(port).unwrap());
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            // A machine without IPv6 has nothing to collide with.
            let Ok(listener) = TcpListener::bind((address, port)) else { continue };
            assert!(!is_free(port).unwrap(), "{address}");
            drop(listener);
            let socket = UdpSocket::bind((address, port)).unwrap();
            assert!(!is_free(port).unwrap(), "{address}");
            drop(socket);
            assert!(is_free(port).unwrap(), "{address}");
        }
    }
}
