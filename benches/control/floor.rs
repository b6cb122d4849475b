//! The floor: the same work done by blocking `std`, without a runtime, a codec or an error in sight.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use peer::Connection;

use crate::Outcome;

/// The argument that makes this executable the other side of the floor.
pub(crate) const CHILD: &str = "--floor=";

/// The other side: says one byte and ends, or echoes until its input ends.
pub(crate) fn child(part: &str) -> Outcome {
    match part.split_once('=').unwrap_or((part, "")) {
        ("hello", _) => Ok(std::io::stdout().write_all(b"x").and_then(|()| std::io::stdout().flush())?),
        ("echo", "") => {
            // Below the buffers of `std`'s own handles.
            let (input, output) = (std::io::stdin(), std::io::stdout());
            let read = std::fs::File::from(std::os::fd::AsFd::as_fd(&input).try_clone_to_owned()?);
            let write = std::fs::File::from(std::os::fd::AsFd::as_fd(&output).try_clone_to_owned()?);
            echo(read, write)
        }
        ("echo", address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            echo(stream.try_clone()?, stream)
        }
        _ => Err(format!("no part `{part}` of the floor").into()),
    }
}

fn echo(mut read: impl Read, mut write: impl Write) -> Outcome {
    let mut frame = vec![0; 4];
    loop {
        frame.resize(4, 0);
        if read.read_exact(&mut frame).is_err() {
            return Ok(());
        }
        let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        frame.resize(4 + length, 0);
        read.read_exact(&mut frame[4..])?;
        write.write_all(&frame)?;
    }
}

fn start(part: &str, input: Stdio, output: Stdio) -> Outcome<Child> {
    Ok(Command::new("/proc/self/exe").arg(format!("{CHILD}{part}")).stdin(input).stdout(output).spawn()?)
}

/// From spawn to the first byte, in seconds.
pub(crate) fn boot() -> Outcome<f64> {
    let begun = Instant::now();
    let mut child = start("hello", Stdio::null(), Stdio::piped())?;
    child.stdout.as_mut().ok_or("no pipe")?.read_exact(&mut [0])?;
    let time = begun.elapsed().as_secs_f64();
    child.wait()?;
    Ok(time)
}

/// A child that echoes.
pub(crate) struct Echo {
    child: Child,
    read: Box<dyn Read>,
    write: Box<dyn Write>,
    frame: Vec<u8>,
}

impl Echo {
    pub(crate) fn start(connection: Connection) -> Outcome<Self> {
        let frame = Vec::new();
        if connection == Connection::StandardIo {
            let mut child = start("echo", Stdio::piped(), Stdio::piped())?;
            let read = Box::new(child.stdout.take().ok_or("no pipe")?);
            let write = Box::new(child.stdin.take().ok_or("no pipe")?);
            return Ok(Self { child, read, write, frame });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let child = start(&format!("echo={}", listener.local_addr()?), Stdio::null(), Stdio::null())?;
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(Self { child, read: Box::new(stream.try_clone()?), write: Box::new(stream), frame })
    }

    /// Sends so many bytes there and back, in seconds.
    pub(crate) fn echo(&mut self, bytes: usize) -> Outcome<f64> {
        self.frame.resize(4 + bytes, 7);
        self.frame[..4].copy_from_slice(&u32::try_from(bytes)?.to_be_bytes());
        let begun = Instant::now();
        self.write.write_all(&self.frame)?;
        self.read.read_exact(&mut self.frame)?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// The same with 32 bytes, so many times.
    pub(crate) fn pings(&mut self, times: usize) -> Outcome<Vec<f64>> {
        (0..times).map(|_| self.echo(32)).collect()
    }

    /// Closes the connection and reaps the child.
    pub(crate) fn end(self) -> Outcome {
        let Self { mut child, read, write, .. } = self;
        drop((read, write));
        child.wait()?;
        Ok(())
    }
}

/// So many processes spawned, each asked once, all reaped; in seconds.
pub(crate) fn fleet(size: usize) -> Outcome<f64> {
    let begun = Instant::now();
    let mut fleet = (0..size).map(|_| Echo::start(Connection::StandardIo)).collect::<Outcome<Vec<_>>>()?;
    for child in &mut fleet {
        child.echo(2)?;
    }
    for child in fleet {
        child.end()?;
    }
    Ok(begun.elapsed().as_secs_f64())
}
