//! Connections that processes hold until they end: their end is seen without looking for the process.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use super::{DEADLINE, within};

/// A port on which processes report, and hold a connection until they end.
#[derive(Debug)]
pub(crate) struct Lifeline(TcpListener);

/// One connection: its last holder has ended when it has.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) pid: u32,
    stream: BufReader<TcpStream>,
}

impl Lifeline {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The next process that reports.
    #[track_caller]
    pub(crate) fn held(&self) -> Held {
        let listener = self.0.try_clone().unwrap();
        let (stream, _) = within("a process that reports", move || listener.accept()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        Held { pid: line.trim().parse().unwrap(), stream }
    }
}

impl Held {
    /// Waits for the end of the last holder.
    #[track_caller]
    pub(crate) fn ended(mut self) {
        match self.stream.read_to_end(&mut Vec::new()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("process {} is still alive", self.pid)
            }
            // Closed, or reset.
            _ => {}
        }
    }

    /// Whether it is held still; waits `at_most` for its end.
    pub(crate) fn is_held(&mut self, at_most: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(at_most)).unwrap();
        let read = self.stream.read(&mut [0]);
        self.stream.get_ref().set_read_timeout(Some(DEADLINE)).unwrap();
        read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}

/// This process reports, and holds the connection until it ends.
pub(crate) fn hold(port: u16) {
    hold_as(port, std::process::id());
}

/// The same, with the pid of another process.
pub(crate) fn hold_as(port: u16, pid: u32) {
    std::mem::forget(report(port, pid));
}

/// A child of this process holds the connection, for as long as it takes.
#[expect(clippy::zombie_processes, reason = "it is the node's end that ends it")]
pub(crate) fn hold_by_child(port: u16) {
    let held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let child = Command::new("sleep").arg("1000").stdin(OwnedFd::from(held.try_clone().unwrap())).spawn().unwrap();
    writeln!(&held, "{}", child.id()).unwrap();
}

fn report(port: u16, pid: u32) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    writeln!(&stream, "{pid}").unwrap();
    stream
}
