//! Finds out whose socket listens on a port.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::handle::Process;
use crate::tree::{self, Roots, Search, Seen};

/// The state of a socket that listens, in the kernel's tables.
const LISTENS: &str = "0A";

impl Process {
    /// Does another peer, of this or of another origin, certainly listen there? A process without a tag may listen on
    /// behalf of this one, as a container's daemon does. Reads much of `/proc`: not on the I/O thread.
    pub(crate) fn is_listener_foreign(&self, at: SocketAddr) -> bool {
        let sockets = listeners(self.pid, at);
        if sockets.is_empty() {
            return false;
        }
        let mut own = Vec::new();
        // The search by tag takes longer, so it comes second.
        for roots in [Roots::Pids(vec![self.pid]), Roots::Tags([self.tag].into())] {
            for found in Search::new().below(&roots) {
                // A process that cannot be read may be the listener, unless it has ended.
                match holds(found.seen.pid, &sockets) {
                    Ok(false) => own.push(found.seen.pid),
                    Err(_) if Seen::read(found.seen.pid).is_none_or(|now| now.has_ended()) => {}
                    _ => return false,
                }
            }
        }
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut others = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_other = |pid: u32| !own.contains(&pid) && tree::tag(pid).is_some_and(|tag| tag != self.tag);
        others.any(|pid| is_other(pid) && holds(pid, &sockets).unwrap_or(false))
    }
}

/// The `/proc` links of the sockets that listen there, in the network of `pid`.
fn listeners(pid: u32, at: SocketAddr) -> Vec<String> {
    let tables =
        ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines());
    let listening = lines.filter_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (address, port) = fields.get(1)?.split_once(':')?;
        let is_there = u16::from_str_radix(port, 16).ok()? == at.port() && fields.get(3) == Some(&LISTENS);
        let address = parsed(address)?;
        (is_there && (address.is_unspecified() || address == at.ip().to_canonical()))
            .then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
    });
    listening.collect()
}

/// An address as the kernel prints it: words of 32 bits, each as this machine has them in memory.
fn parsed(text: &str) -> Option<IpAddr> {
    let word = |at| u32::from_str_radix(text.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    if text.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let words = [word(0)?, word(8)?, word(16)?, word(24)?];
    let bytes: [u8; 16] = words.concat().try_into().ok()?;
    Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
}

fn holds(pid: u32, sockets: &[String]) -> io::Result<bool> {
    let mut links = fs::read_dir(format!("/proc/{pid}/fd"))?.flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
    Ok(links.any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str())))
}
