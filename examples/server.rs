//! A server with a main and an argument parser of its own, which can be a peer: a key-value store, by lines over TCP.
//!
//! `cargo run --example server -- --port 7000`, and then from somewhere else the lines `set colour blue`, `get colour`
//! and `quit 0`. As a node it also answers the functions below with `#[remote]`: tests/it/boot/exec.rs starts, calls and stops it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what a server says to its terminal")]

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;

use peer::node::Node;
use peer::remote;

static ROWS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
static PORT: OnceLock<u16> = OnceLock::new();

fn table() -> MutexGuard<'static, BTreeMap<String, String>> {
    ROWS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many rows there are.
#[remote]
fn rows() -> usize {
    table().len()
}

/// Where the server listens, once it does.
#[remote]
fn port() -> Option<u16> {
    PORT.get().copied()
}

/// The arguments, as the server's own parser sees them.
#[remote]
fn arguments() -> Vec<String> {
    std::env::args().skip(1).collect()
}

fn main() -> ExitCode {
    let node = peer::node::enter_booting();
    let outcome = Options::parse().and_then(|options| {
        let listener = listen(&options, &node).map_err(|error| format!("cannot listen: {error}"))?;
        Ok(serve(&listener))
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("server: {error}\nusage: server [--port PORT] [--load FILE]");
        ExitCode::from(2)
    })
}

/// What the server was asked for.
#[derive(Default)]
struct Options {
    port: u16,
    /// Lines of `key value` to begin with.
    load: Option<String>,
}

impl Options {
    fn parse() -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or(format!("{argument} has no value"))?;
            match argument.as_str() {
                "--port" => options.port = value.parse().map_err(|error| format!("--port {value}: {error}"))?,
                "--load" => options.load = Some(value),
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(options)
    }
}

/// Loads and listens; only then is the node started.
fn listen(options: &Options, node: &Node) -> io::Result<TcpListener> {
    if let Some(path) = &options.load {
        let text = std::fs::read_to_string(path)?;
        table().extend(text.lines().filter_map(|line| line.split_once(' ')).map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    let address = listener.local_addr()?;
    println!("listening on {address} with {} rows", rows());
    PORT.get_or_init(|| address.port());
    peer::node::on_stop(|| println!("stopping with {} rows", rows()));
    node.started();
    Ok(listener)
}

/// Serves until a client says `quit`, with the status it says.
fn serve(listener: &TcpListener) -> ExitCode {
    let (quit, status) = mpsc::channel();
    let Ok(listener) = listener.try_clone() else { return ExitCode::FAILURE };
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let quit = quit.clone();
            // A client that hangs up in the middle concerns nobody else.
            thread::spawn(move || drop(answer(&client, &quit)));
        }
    });
    status.recv().map_or(ExitCode::FAILURE, ExitCode::from)
}

fn answer(mut client: &TcpStream, quit: &mpsc::Sender<u8>) -> io::Result<()> {
    for line in BufReader::new(client).lines() {
        let line = line?;
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        match words[..] {
            ["set", key, value] => {
                table().insert(key.to_owned(), value.to_owned());
                writeln!(client, "ok")?;
            }
            ["get", key] => {
                let value = table().get(key).cloned().unwrap_or_default();
                writeln!(client, "{value}")?;
            }
            ["quit", status] => {
                // The receiver goes with the process.
                let _ = quit.send(status.parse().unwrap_or(1));
            }
            _ => writeln!(client, "what?")?,
        }
    }
    Ok(())
}
