//! What a node and its children print: all of it, in order, whatever ends the node.

use std::io::{BufRead, Read, Write};
use std::process::{Command, Stdio};

use peer::prelude::*;

use crate::support::*;

#[remote]
fn last_words_and(end: String) {
    // More than a pipe takes, so that the reader is behind.
    for line in 0..5000 {
        println!("line {line} of many before the last words");
    }
    print!("the last words, without an end of line");
    std::io::stdout().flush().unwrap();
    match end.as_str() {
        "exit" => peer::node::halt(4),
        "abort" => std::process::abort(),
        "kill" => signal("KILL", std::process::id()),
        _ => {}
    }
}

#[peer_test]
async fn last_words_of_every_end_arrive() -> peer::Result {
    let ends = [
        ("exit", Reason::Exited(4)),
        ("abort", Reason::Killed(6)),
        ("kill", Reason::Killed(9)),
        ("nothing", Reason::Stopped),
    ];
    for connection in CONNECTIONS {
        for (end, reason) in &ends {
            let peer = ct_peer!({ connection: connection }).await?;
            let called = peer.call(last_words_and, ((*end).to_owned(),)).await;
            if *end == "nothing" {
                called?;
                peer.stop().await?;
            } else {
                assert_eq!(called.unwrap_err().down_reason(), Some(reason));
            }
            assert_eq!(gone(&peer).await, *reason);
            let expected = "line 4999 of many before the last words\nthe last words, without an end of line";
            let words = last_words(&peer).await;
            assert!(words.ends_with(expected), "{end}: {words}");
        }
    }
    Ok(())
}

#[remote]
fn children_print() {
    let run = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
    println!("1 node, standard output");
    run("echo 2 child, standard output; echo 3 child, standard error >&2");
    eprintln!("4 node, standard error");
    run("(echo 5 grandchild); sh -c 'echo 6 grandchild, standard error >&2'");
    println!("7 node again");
}

#[peer_test]
async fn children_print_in_order() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.call(children_print, ()).await?;
        peer.stop().await?;
        let words = last_words(&peer).await;
        let numbers: Vec<_> = words.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7"], "{words}");
    }
    Ok(())
}

#[remote]
fn print_in_turns(lines: u32) {
    for line in 0..lines {
        if line % 2 == 0 { println!("out {line}") } else { eprintln!("err {line}") }
    }
}

#[remote]
fn print_without_end_of_line(bytes: usize) {
    let mut out = std::io::stdout().lock();
    out.write_all(&vec![b'x'; bytes]).unwrap();
    out.write_all(b"!").unwrap();
    out.flush().unwrap();
}

/// Prints a lot; the whole console is looked at by others.
#[peer_test]
#[ignore = "run by the_whole_console_arrives_in_order"]
async fn inner_console() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, name: peer::random_name("turns") }).await?;
        peer.call(print_in_turns, (10_000,)).timeout(DEADLINE).await?;
        peer.stop().await?;
        let peer = ct_peer!({ connection: connection, name: peer::random_name("long") }).await?;
        peer.call(print_without_end_of_line, (1 << 20,)).timeout(DEADLINE).await?;
        peer.stop().await?;
    }
    Ok(())
}

/// In a node: runs one test of this executable, and gives all that it prints on standard error.
#[remote]
pub(crate) fn run_test(name: String) -> (bool, String) {
    let arguments = [name.as_str(), "--exact", "--ignored", "--nocapture", "--test-threads=1"];
    let output = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[peer_test]
async fn the_whole_console_arrives_in_order() -> peer::Result {
    let node = ct_peer!().await?;
    let call = node.call(run_test, ("console::lines::inner_console".to_owned(),));
    let (passed, printed) = call.timeout(DEADLINE).await?;
    assert!(passed, "{printed}");
    let of = |name: &str| {
        let lines = printed.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.split_once(" | ").unwrap().1).collect::<Vec<_>>()
    };
    let turns = of("turns-");
    assert_eq!(turns.len(), 20_000);
    for (number, line) in turns.iter().enumerate() {
        let number = number % 10_000;
        assert_eq!(*line, format!("{} {number}", if number % 2 == 0 { "out" } else { "err" }));
    }
    let long = of("long-").concat();
    assert_eq!(long.len(), 2 * ((1 << 20) + 1));
    assert_eq!(long.matches('!').count(), 2);
    assert!(long.ends_with('!'));
    node.stop().await?;
    Ok(())
}

#[peer_test]
async fn one_mebibyte_without_end_of_line_blocks_nobody() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.call(print_without_end_of_line, (1 << 20,)).await?;
        peer.stop().await?;
        let words = last_words(&peer).await;
        assert!(words.ends_with("xxx!"), "{} bytes", words.len());
    }
    Ok(())
}

/// Leaves a child behind that holds standard error, and says when it is there.
#[remote]
#[expect(clippy::zombie_processes, reason = "it is left behind on purpose")]
fn leave_a_child() {
    let script = ["-c", "echo ready; exec tail -f /dev/null"];
    let mut child = Command::new("sh").args(script).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    println!("child {}", child.id());
}

#[peer_test]
async fn a_child_that_holds_the_console_delays_no_end() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.call(leave_a_child, ()).await?;
        peer.stop().await?;
        assert!(last_words(&peer).await.starts_with("child "));
    }
    Ok(())
}

#[remote]
fn read_number() -> Option<u32> {
    let line = std::io::stdin().lock().lines().next()?.unwrap();
    println!("read {line}");
    line.parse().ok()
}

#[remote]
fn child_reads() -> (String, String) {
    let cat = || String::from_utf8(Command::new("cat").stdin(Stdio::inherit()).output().unwrap().stdout).unwrap();
    let first = cat();
    let mut rest = String::new();
    std::io::stdin().lock().read_to_string(&mut rest).unwrap();
    (first, rest)
}

#[peer_test]
async fn input_is_fed_to_readers_and_children() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, input: Input::Fed }).await?;
        let readers: Vec<_> = (0..2).map(|_| tokio::spawn(peer.call(read_number, ()))).collect();
        peer.input("1")?;
        peer.input("1\n22\n")?;
        let mut numbers = Vec::new();
        for reader in readers {
            numbers.push(reader.await??.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [11, 22]);
        printed(&peer, "read 11").await;
        peer.input("for the child\n")?;
        peer.end_input()?;
        assert_eq!(peer.call(child_reads, ()).await?, ("for the child\n".to_owned(), String::new()));
        peer.stop().await?;

        let empty = ct_peer!({ connection: connection }).await?;
        assert_eq!(empty.call(read_number, ()).await?, None);
        assert_eq!(empty.call(child_reads, ()).await?, (String::new(), String::new()));
        empty.stop().await?;
    }
    Ok(())
}

/// Its name is put there once, by the origin.
#[peer_test]
async fn what_a_node_notes_of_itself_comes_without_its_name() -> peer::Result {
    let peer = ct_peer!().await?;
    peer.send("letters", "early".to_owned());
    let noted = "[peer] a message arrived for mailbox `letters`, which nobody has opened yet: it waits there";
    printed(&peer, noted).await;
    assert_eq!(last_words(&peer).await, noted);
    peer.stop().await?;
    Ok(())
}
