//! `detached: false`: a node that keeps the terminal of its origin, tried on a real one.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use peer::prelude::*;

#[remote]
fn ask(question: String) -> String {
    println!("{question}");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).expect("the terminal can be read");
    println!("it was {}", answer.trim());
    answer.trim().to_owned()
}

/// What runs on the terminal: the node reads and writes there by itself.
#[peer_test]
#[ignore = "run by `a_node_keeps_the_terminal`, on a terminal of its own"]
async fn on_a_terminal() -> peer::Result {
    let node = ct_peer!({ connection: Connection::Tcp(0), detached: false }).await?;
    assert_eq!(node.call(ask, ("what is typed?".to_owned(),)).await?, "blue");
    node.stop().await?;
    Ok(())
}

/// `script` runs a command on a terminal, and types what it reads.
#[test]
fn a_node_keeps_the_terminal() {
    let own = std::env::current_exe().expect("this executable has a path");
    let command = format!("'{}' --exact console::terminal::on_a_terminal --ignored --nocapture", own.display());
    let mut script = Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`script` is there (Debian: bsdutils)");
    let mut keyboard = script.stdin.take().expect("it is piped");
    let mut screen = script.stdout.take().expect("it is piped");
    let mut shown = String::new();
    let mut buffer = [0; 1024];
    loop {
        let bytes = screen.read(&mut buffer).expect("the screen can be read");
        if bytes == 0 {
            break;
        }
        let asked_before = shown.contains("what is typed?");
        shown.push_str(&String::from_utf8_lossy(&buffer[..bytes]));
        if !asked_before && shown.contains("what is typed?") {
            keyboard.write_all(b"blue\n").expect("`script` still reads");
        }
    }
    let status = script.wait().expect("`script` ends");
    assert!(status.success(), "{status}:\n{shown}");
    // Written by the node itself: no name in front, as the origin would put it there.
    assert!(shown.lines().any(|line| line.trim_end() == "it was blue"), "{shown}");
}

/// With standard I/O there is no terminal to keep, and that is said.
#[peer_test]
async fn standard_io_cannot_keep_it() -> peer::Result {
    let error = ct_peer!({ detached: false }).await.expect_err("standard I/O is the control connection");
    assert!(error.is_bad_option());
    assert!(error.to_string().contains("detached") && error.to_string().contains("Connection::Tcp"), "{error}");
    Ok(())
}
