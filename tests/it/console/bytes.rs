//! Any bytes may be printed; what is printed arrives where it belongs, in order, and to the last byte.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use peer::prelude::*;

use crate::support::*;

/// Numbered lines that a node prints, alternately on both of its outputs.
const LINES: usize = 2000;
/// What a peer says first on its control connection.
const MAGIC: &[u8] = b"\0\xffpeer-1\xfe\r\n\0";

fn raw(bytes: &[u8]) {
    std::io::stdout().write_all(bytes).unwrap();
    std::io::stdout().flush().unwrap();
}

#[remote]
fn print_bytes() {
    raw(b"all bytes:");
    raw(&(0..=255).filter(|byte| *byte != b'\n').collect::<Vec<u8>>());
    raw(b"\nmagic:");
    raw(MAGIC);
    raw(&[0xff; 64]);
    raw(b"\nlong:");
    raw(&[b'x'; 200_000]);
    raw(b"\n\n\r\nnot utf-8: \xc3\x28\nno end yet");
    std::io::stderr().write_all(b", and now\n").unwrap();
}

#[remote]
fn print_lines() {
    for n in 0..LINES / 2 {
        raw(format!("line {}\n", 2 * n).as_bytes());
        std::io::stderr().write_all(format!("line {}\n", 2 * n + 1).as_bytes()).unwrap();
    }
    let script = "echo from a child; echo and its other output >&2";
    assert!(Command::new("sh").args(["-c", script]).stdin(Stdio::null()).status().unwrap().success());
}

#[remote]
fn last_words(how: String) {
    raw(format!("last words before {how}").as_bytes());
    match how.as_str() {
        "abort" => std::process::abort(),
        "halt" => peer::node::halt(3),
        "kill" => signal("KILL", std::process::id()),
        "panic" => panic!("of a thread"),
        // To be stopped.
        _ => {}
    }
}

const ENDS: [&str; 5] = ["abort", "halt", "kill", "panic", "stop"];

#[peer_test]
#[ignore = "run by `any_bytes_may_be_printed`"]
async fn driven_bytes() -> peer::Result {
    // All at once: what is printed meanwhile is somebody else's.
    let mut tasks = Vec::new();
    for (name, connection) in [("stdio", Connection::StandardIo), ("tcp", Connection::Tcp(0))] {
        for end in ENDS {
            let name = peer::random_name(format!("{name}-{end}").as_str());
            let start = peer::start_link(StartOptions::new().name(name).connection(connection));
            tasks.push(tokio::spawn(async move { print_all(&start.await?, end).await }));
        }
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn print_all(peer: &Peer, end: &str) -> Result<(), peer::Error> {
    peer.call(print_bytes, ()).await?;
    peer.call(print_lines, ()).await?;
    // What it comes to is not the question here, but what was printed.
    let _ = peer.call(last_words, (end.to_owned(),)).await;
    let _ = peer.stop().await;
    peer.gone().await;
    Ok(())
}

/// As a terminal may be given it, where control characters are text.
fn shown(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\t' { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

#[test]
fn any_bytes_may_be_printed() {
    let ran = run(&mut driven!("driven_bytes")).passed();
    for connection in ["stdio", "tcp"] {
        for end in ENDS {
            let node = format!("{connection}-{end}-");
            // What one node printed, without its name.
            let lines: Vec<&str> = (ran.stderr.split('\n'))
                .filter(|line| line.starts_with(&node))
                .filter_map(|line| Some(line.split_once(" | ")?.1))
                .collect();
            let at = |text: &str| {
                let found = lines.iter().position(|line| line.starts_with(text));
                found.unwrap_or_else(|| panic!("{node}: no line {text:?} among {}", lines.len()))
            };
            let bytes: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
            assert_eq!(lines[at("all bytes:")], format!("all bytes:{}", shown(&String::from_utf8_lossy(&bytes))));
            // The magic has a line's end in it.
            assert_eq!(lines[at("magic:")], "magic:\\0\u{fffd}peer-1\u{fffd}");
            assert_eq!(lines[at("magic:") + 1], format!("\\0{}", "\u{fffd}".repeat(64)));
            // A very long line may come in pieces, and none of it may be lost.
            let x: usize = lines.iter().filter(|line| line.ends_with("xxx")).map(|l| l.matches('x').count()).sum();
            assert_eq!(x, 200_000, "{node}");
            assert_eq!(lines[at("not utf-8")], "not utf-8: \u{fffd}(");
            assert_eq!(lines[at("no end yet")], "no end yet, and now");
            let numbered: Vec<&&str> = lines.iter().filter(|line| line.starts_with("line ")).collect();
            assert_eq!(numbered.len(), LINES, "{node}");
            for (n, line) in numbered.into_iter().enumerate() {
                assert_eq!(*line, format!("line {n}"), "{node}");
            }
            assert_eq!(at("from a child"), at(&format!("line {}", LINES - 1)) + 1);
            assert_eq!(at("and its other output"), at("from a child") + 1);
            at(&format!("last words before {end}"));
        }
    }
}

/// Prints as much as a pipe takes at once while the origin is stopped, and ends. Who holds the line wakes the origin.
#[remote]
fn last_words_unheard(port: u16, origin: u32) {
    signal("STOP", origin);
    let is_stopped = || {
        let stat = std::fs::read_to_string(format!("/proc/{origin}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T')
    };
    while !is_stopped() {
        thread::yield_now();
    }
    // Of itself it can tell nothing: it may have ended before anybody reads that.
    hold_as(port, origin);
    raw(format!("{}the very last words", "many words\n".repeat(5000)).as_bytes());
    std::process::abort();
}

#[peer_test]
#[ignore = "run by `last_words_arrive_however_late_they_are_read`"]
async fn driven_unheard() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let error = peer.call(last_words_unheard, (driver_port(), std::process::id())).await.unwrap_err();
        assert_eq!(error.down_reason(), Some(&Reason::Killed(6)), "{error}");
        says(&error, &["| the very last words"]);
    }
    Ok(())
}

#[test]
fn last_words_arrive_however_late_they_are_read() {
    let lifeline = Lifeline::new();
    let mut command = driven!("driven_unheard");
    command.env("PEER_TEST_PORT", lifeline.port().to_string());
    let ran = thread::spawn(move || run(&mut command));
    for _ in CONNECTIONS {
        let held = lifeline.held();
        let origin = held.pid;
        held.ended();
        signal("CONT", origin);
    }
    let ran = within("the test", move || ran.join()).unwrap().passed();
    assert_eq!(ran.text().matches("| many words").count(), 2 * 5000);
    assert_eq!(ran.text().matches("| the very last words").count(), 2);
}

#[remote]
fn say(text: String) {
    println!("{text}");
}

#[peer_test]
#[ignore = "run by `output_reaches_its_own_test`"]
async fn driven_says_one() -> peer::Result {
    says_and_fails("one").await
}

#[peer_test]
#[ignore = "run by `output_reaches_its_own_test`"]
async fn driven_says_two() -> peer::Result {
    says_and_fails("two").await
}

async fn says_and_fails(text: &str) -> peer::Result {
    let peer = ct_peer!().await?;
    for _ in 0..50 {
        peer.call(say, (format!("this is {text}"),)).await?;
    }
    Err("to be shown")?
}

#[test]
fn output_reaches_its_own_test() {
    let mut command = command(std::env::current_exe().unwrap());
    let ran = run(command.args(["--ignored", "console::bytes::driven_says", "--test-threads=2"])).failed();
    for (text, other) in [("one", "two"), ("two", "one")] {
        let head = format!("---- console::bytes::driven_says_{text} stdout ----");
        let (_, section) = ran.stdout.split_once(&head).unwrap();
        let section = section.split_once("\n---- ").map_or(section, |(section, _)| section);
        let section = section.split_once("\nfailures:").map_or(section, |(section, _)| section);
        assert_eq!(section.matches(&format!("| this is {text}")).count(), 50, "50 lines, each of them once: {section}");
        assert!(!section.contains(&format!("this is {other}")), "{section}");
    }
    assert!(!ran.stderr.contains("this is"), "captured: {}", ran.stderr);
}
