//! What no program can be made to show from outside.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use super::{Search, connect};
use crate::io_thread;

/// A port without a listener, which Linux may give to an attempt to connect as its own.
fn even_port() -> SocketAddr {
    loop {
        let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let even = SocketAddr::new(any.ip(), any.port() & !1);
        if TcpListener::bind(even).is_ok() {
            return even;
        }
    }
}

#[test]
fn an_attempt_that_reaches_itself_finds_no_listener() {
    let at = even_port();
    let (done, found) = std::sync::mpsc::channel();
    io_thread::handle().spawn(async move {
        // More attempts than there are ports to come from.
        for _ in 0..60_000 {
            match connect(at).await {
                Err(error) if !error.contains("itself") => {}
                found => return done.send(found).unwrap(),
            }
        }
        // It has always come from another one.
        done.send(Err(String::new())).unwrap();
    });
    assert!(found.recv_timeout(Duration::from_secs(120)).unwrap().is_err());
    // And leaves nothing there; other attempts on this machine may hold the port for a moment.
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = TcpListener::bind(at) {
        assert!(Instant::now() < deadline, "{error}");
        std::thread::yield_now();
    }
}

#[test]
fn a_text_is_found_wherever_it_is_cut() {
    let found = |pieces: &[&str]| {
        let mut search = Search { text: b"abac".to_vec(), rest: Vec::new() };
        pieces.iter().any(|piece| search.is_in(piece.as_bytes()))
    };
    for at in 0..=7 {
        let (a, b) = "xababac".split_at(at);
        assert!(found(&[a, b]), "{a} {b}");
        assert!(found(&[a, "", b, "x"]), "{a} {b}");
    }
    assert!(found(&["a", "b", "a", "c"]));
    assert!(!found(&["ab", "\nac", "abca", "bca", "bxac"]));
}
