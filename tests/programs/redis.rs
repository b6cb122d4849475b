//! A real server: redis, ready in three ways, and killed while a client writes.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use peer::prelude::*;

use crate::installed::{installed, working_in};
use crate::patient;
use crate::support::*;

fn redis(folder: &Folder, port: u16) -> StartOptions {
    StartOptions::new()
        .name(ct_peer_name!())
        .program(installed("redis-server", "redis-server"))
        // Every write that is acknowledged is on the disk.
        .args(["--appendonly", "yes", "--appendfsync", "always", "--port", &port.to_string(), "--bind", "127.0.0.1"])
        .current_dir(folder.path(""))
}

/// One connection, one command at a time.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The first line of the reply.
    fn ask(&mut self, command: &str) -> std::io::Result<String> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        self.line()
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn get(&mut self, key: &str) -> std::io::Result<Option<String>> {
        if self.ask(&format!("GET {key}"))? == "$-1" { Ok(None) } else { self.line().map(Some) }
    }
}

#[peer_test]
async fn redis_is_ready_when_it_says_so_or_listens_or_answers() -> peer::Result {
    let folder = Folder::new();
    let port = peer::free_port().unwrap();
    let ping = format!("[ $({} -p {port} ping) = PONG ]", installed("redis-cli", "redis-tools").display());
    for ready in [Ready::Line("Ready to accept"), Ready::Tcp(port), Ready::Probe(("sh", ["-c", &ping]))] {
        let server = peer::start_link(redis(&folder, port).ready(ready.clone())).await?;
        let mut client = Client::connect(port).unwrap_or_else(|error| panic!("{ready}: {error}"));
        // One that listens may still be loading.
        let answer = client.ask("PING")?;
        assert!(answer == "+PONG" || ready == Ready::Tcp(port) && answer.starts_with("-LOADING"), "{ready}: {answer}");
        assert!(!working_in(&folder.path("")).is_empty());
        server.stop().await?;
        says(last_words(&server).await, &["Received SIGTERM", "bye bye"]);
        assert_eq!(working_in(&folder.path("")), <[String; 0]>::default());
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?);
    }
    Ok(())
}

#[peer_test]
async fn a_redis_that_cannot_start_says_why() {
    let folder = Folder::new();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = redis(&folder, taken.local_addr().unwrap().port()).ready(Ready::Line("Ready to accept"));
    let error = refused(peer::start_link(patient(options))).await;
    assert_eq!(error.down_reason(), Some(&Reason::Exited(1)), "{error}");
    says(&error, &["ended before it was ready", "redis-server", "Address already in use"]);
}

#[peer_test]
async fn what_redis_has_acknowledged_survives_a_kill_in_the_middle_of_writing() -> peer::Result {
    let folder = Folder::new();
    let port = peer::free_port().unwrap();
    let server = peer::start_link(redis(&folder, port).ready(Ready::Line("Ready to accept"))).await?;
    let mut acknowledged = 0;
    for round in 1..=3 {
        let mut client = Client::connect(port)?;
        let (progress, written) = std::sync::mpsc::channel();
        let first = acknowledged;
        let writer = thread::spawn(move || {
            for key in first.. {
                match client.ask(&format!("SET key{key} value{key}")) {
                    Ok(reply) => assert_eq!(reply, "+OK"),
                    // The last one may have been written, and not have been acknowledged.
                    Err(_) => return key,
                }
                // Nobody counts any more once it is killed.
                let _ = progress.send(key);
            }
            unreachable!()
        });
        while written.recv_timeout(DEADLINE)? < first + 300 {}
        match round {
            1 => signal("KILL", server.os_pid()),
            _ => server.kill().await?,
        }
        assert_eq!(gone(&server).await, Reason::Killed(9));
        assert_eq!(working_in(&folder.path("")), <[String; 0]>::default());
        acknowledged = writer.join().unwrap();
        assert!(acknowledged > first + 300);
        server.restart().await?;
        let mut client = Client::connect(port)?;
        for key in 0..acknowledged {
            let found = client.get(&format!("key{key}"))?;
            assert_eq!(found, Some(format!("value{key}")), "round {round}, of {acknowledged}");
        }
    }
    server.stop().await?;
    Ok(())
}

#[peer_test]
async fn a_paused_redis_answers_nobody_and_loses_nothing() -> peer::Result {
    let folder = Folder::new();
    let port = peer::free_port().unwrap();
    let server = peer::start_link(redis(&folder, port).ready(Ready::Line("Ready to accept"))).await?;
    let mut client = Client::connect(port)?;
    assert_eq!(client.ask("SET key value")?, "+OK");
    server.pause().await?;
    client.0.get_ref().set_read_timeout(Some(SHORT))?;
    assert!(client.ask("GET key").is_err());
    client.0.get_ref().set_read_timeout(Some(DEADLINE))?;
    server.resume().await?;
    assert_eq!((client.line()?, client.line()?), ("$5".to_owned(), "value".to_owned()));
    // And one that is paused is stopped as any other.
    server.pause().await?;
    server.stop().await?;
    says(last_words(&server).await, &["bye bye"]);
    Ok(())
}
