//! Ports on lease: each is given to one scope of one process on this machine, until that ends.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use socket2::{Domain, Socket, Type};

use super::FREE_PORT;
use crate::error::{Error, Kind};
use crate::name;

/// Below are the ports of well-known services: they are given when there are no others.
const LOWEST: u16 = 10_000;
/// Below only a privileged process may listen.
const UNPRIVILEGED: u16 = 1024;
/// Which ports the kernel gives to outgoing connections where it does not say it.
const EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;

/// The ports of one place; none any more when they have been given back.
#[derive(Debug)]
pub(super) struct Ports(Mutex<Option<Vec<Lease>>>);

impl Default for Ports {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

/// A port that nobody else is given while this lives.
///
/// What holds it is an abstract Unix socket of its name, as a node's name is held: taking it is atomic, it is there for
/// all users of the same network (which is also what ports belong to), and it goes with its process. The port itself is
/// not bound, so that a node can bind it, and again after a restart.
#[derive(Debug)]
struct Lease {
    _held: UnixListener,
}

impl Ports {
    pub(super) fn lease(&self) -> Result<u16, Error> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leases) = &mut *leases else {
            return Err(Error::new(Kind::NoScope, FREE_PORT, "its scope has ended, and has given its ports back"));
        };
        let (port, lease) = lease()?;
        leases.push(lease);
        Ok(port)
    }

    pub(super) fn give_back(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The next port that is free.
///
/// This process goes through all of them in turn, from one by chance, so that what it gave back it gives again as late as
/// it can: another attempt of a test has other ports.
fn lease() -> Result<(u16, Lease), Error> {
    static TURN: OnceLock<AtomicUsize> = OnceLock::new();
    let turn = TURN.get_or_init(|| AtomicUsize::new(rand::random::<u16>().into()));
    let pools = pools();
    for pool in pools.iter().filter(|pool| !pool.is_empty()) {
        for _ in 0..pool.len() {
            let port = pool[turn.fetch_add(1, Ordering::Relaxed) % pool.len()];
            match name::hold(format!("peer-port/{port}").as_bytes()) {
                Ok(held) if is_free(port).map_err(|error| failed(&error))? => return Ok((port, Lease { _held: held })),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(failed(&error)),
            }
        }
    }
    let count: usize = pools.iter().map(Vec::len).sum();
    let what = format!("all {count} ports of this machine that it may have are in use or on lease");
    Err(Error::new(Kind::Io, FREE_PORT, what)
        .hint("a lease ends with the test that has it; `ss -lntu` shows who listens"))
}

fn failed(error: &io::Error) -> Error {
    let failed = Error::new(Kind::Io, FREE_PORT, format!("a port cannot be taken: {error}"));
    if name::is_short(error) {
        failed.hint("a lease takes one descriptor, and some more for a moment; see `ulimit -n`")
    } else {
        failed
    }
}

/// Whether a server can listen there, at any address of this machine and by TCP and UDP.
///
/// Without `SO_REUSEADDR`: a port that connections of a former server still wait at (TIME_WAIT) is refused, since not every server
/// sets it.
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

/// All ports that may be given, the best ones first.
fn pools() -> &'static [Vec<u16>; 3] {
    static POOLS: OnceLock<[Vec<u16>; 3]> = OnceLock::new();
    POOLS.get_or_init(|| {
        // Without /proc there are the kernel's defaults.
        let read = |name: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        sort(&ephemeral(&read("ip_local_port_range")).unwrap_or(EPHEMERAL), &reserved(&read("ip_local_reserved_ports")))
    })
}

/// Outside of the range that the kernel gives to outgoing connections, which would take what a restarted node is to have
/// again: above the well-known services, then among them. Within it only where there is nothing else.
fn sort(ephemeral: &RangeInclusive<u16>, reserved: &[RangeInclusive<u16>]) -> [Vec<u16>; 3] {
    let mut pools = [Vec::new(), Vec::new(), Vec::new()];
    let kept = |port: &u16| !reserved.iter().any(|range| range.contains(port));
    for port in (UNPRIVILEGED..=u16::MAX).filter(kept) {
        let pool = if ephemeral.contains(&port) { 2 } else { usize::from(port < LOWEST) };
        pools[pool].push(port);
    }
    pools
}

/// Two numbers with white space between them.
fn ephemeral(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.trim().split_once(char::is_whitespace)?;
    Some(first.parse().ok()?..=last.trim().parse().ok()?)
}

/// `8080,9000-9010`: what the administrator keeps for something.
fn reserved(text: &str) -> Vec<RangeInclusive<u16>> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.trim().split(',').filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;

    #[test]
    fn the_best_ports_come_first() {
        let [best, low, within] = sort(&EPHEMERAL, &reserved("20000,61000-61009\n"));
        assert_eq!((best[0], best.len()), (LOWEST, 22_768 + 4_536 - 11));
        assert!(!best.contains(&20_000) && !best.contains(&61_009) && best.contains(&61_010));
        assert_eq!((low[0], low.last()), (UNPRIVILEGED, Some(&(LOWEST - 1))));
        assert_eq!((within[0], within.last()), (32_768, Some(&60_999)));
        // Where outgoing connections may have all of them there is no better one.
        let [best, low, within] = sort(&(UNPRIVILEGED..=u16::MAX), &[]);
        assert_eq!((best.len(), low.len(), within.len()), (0, 0, 64_512));
    }

    #[test]
    fn the_kernel_is_understood() {
        assert_eq!(ephemeral("32768\t60999\n"), Some(EPHEMERAL));
        assert_eq!(ephemeral(""), None);
        assert_eq!(reserved("\n"), []);
        assert_eq!(reserved("8080,9000-9010\n"), [8080..=8080, 9000..=9010]);
    }

    #[test]
    fn a_port_in_use_is_not_free_whatever_uses_it() {
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

    #[test]
    fn a_port_at_which_a_connection_waits_is_not_free() {
        let ports = Ports::default();
        let port = ports.lease().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        // The server closes first, so the connection waits (TIME_WAIT) at its port.
        drop(listener.accept().unwrap());
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        drop((client, listener));
        assert!(!is_free(port).unwrap());
        // The standard library binds it in spite of that.
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn a_lease_ends_when_it_is_given_back() {
        let ports = Ports::default();
        let port = ports.lease().unwrap();
        let name = format!("peer-port/{port}");
        assert_eq!(name::hold(name.as_bytes()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        ports.give_back();
        assert!(ports.lease().unwrap_err().is_noscope());
    }
}
