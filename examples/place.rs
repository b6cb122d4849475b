//! A server that has to find its port and its files again after a crash: a leased port, and a directory of its own.
//!
//! `cargo run --example place`; with `PEER_KEEP_DIRS=1` the directory is still there afterwards. In a test it is the same:
//! tests/it/place has more of it.
#![expect(clippy::print_stdout, reason = "an example is read on a terminal")]

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use peer::prelude::*;

/// Serves its log, in its working directory, at `port`; each start adds a line to it.
#[remote]
fn serve(port: u16) -> Result<(), String> {
    let begin = || -> std::io::Result<TcpListener> {
        let mut log = OpenOptions::new().create(true).append(true).open("log")?;
        writeln!(log, "started on {port}")?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
    };
    let listener = begin().map_err(|error| error.to_string())?;
    thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            // A caller that has gone wants no answer.
            let _ = caller.write_all(&fs::read("log").unwrap_or_default());
        }
    });
    Ok(())
}

fn ask(port: u16) -> std::io::Result<String> {
    let mut text = String::new();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::main]
async fn main() -> peer::Result {
    println!("directory: {}", peer::priv_dir()?.display());
    let port = peer::free_port()?;
    let server = ct_peer!({ own_dir: true }).await?;
    server.call(serve, (port,)).await??;
    print!("{}", ask(port)?);

    server.kill().await?;
    println!("killed");
    server.restart().await?;
    server.call(serve, (port,)).await??;
    print!("{}", ask(port)?);
    server.stop().await?;
    Ok(())
}
