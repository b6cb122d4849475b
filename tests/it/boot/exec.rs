//! Nodes of other executables, and of this one behind a prefix: `exec`, `post_process_args`, `enter_booting`.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::*;
use peer::prelude::*;
use peer::{BootNotices, Exec};

/// This very executable.
fn exe() -> String {
    std::env::current_exe().unwrap().into_os_string().into_string().unwrap()
}

fn prefix(script: &str) -> Exec {
    Exec::from(("sh", ["-c", script, "sh", &exe()]))
}

#[remote]
fn sum(a: u64, b: u64) -> u64 {
    a + b
}

#[remote]
fn environment() -> Vec<OsString> {
    std::env::vars_os().map(|(name, _)| name).collect()
}

#[remote]
fn folder() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[remote]
fn own_arguments() -> (Vec<OsString>, Vec<OsString>) {
    (std::env::args_os().skip(1).collect(), peer::node::args())
}

#[remote]
fn pid() -> u32 {
    std::process::id()
}

/// Another build would refuse `call`: a prefix does not make it one.
async fn is_a_node(peer: &Peer) -> peer::Result {
    assert_eq!(peer.call(sum, (1, 2)).await?, 3);
    assert_eq!(peer.apply::<u64, _>(module_path!(), "sum", (1, 2)).await?, 3);
    assert_eq!(peer.call(pid, ()).await?, peer.os_pid());
    let host = peer::node::name();
    assert_eq!(peer.node().split_once('@').unwrap().1, host.split_once('@').unwrap().1);
    Ok(())
}

#[peer_test]
async fn behind_env_i_nothing_is_inherited_and_nothing_is_missing() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ exec: ("env", ["-i", &exe()]), connection: connection, args: ["a b"] }).await?;
        is_a_node(&peer).await?;
        assert_eq!(peer.call(environment, ()).await?, <[OsString; 0]>::default());
        assert_eq!(peer.call(own_arguments, ()).await?.1, ["a b"]);
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn behind_a_shell() -> peer::Result {
    // The second one stays in between, as ssh and docker do.
    for script in [r#"exec "$@""#, r#""$@"; exit $?"#] {
        for connection in CONNECTIONS {
            let peer = ct_peer!({ exec: prefix(script), connection: connection }).await?;
            is_a_node(&peer).await?;
            peer.stop().await?;
            assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
        }
    }
    Ok(())
}

#[peer_test]
async fn behind_a_prefix_that_changes_the_folder() -> peer::Result {
    for script in [r#"cd / && exec "$@""#, r#"cd / && exec env -i "$@""#] {
        for connection in CONNECTIONS {
            let peer = ct_peer!({ exec: prefix(script), connection: connection }).await?;
            is_a_node(&peer).await?;
            assert_eq!(peer.call(folder, ()).await?, Path::new("/"));
        }
    }
    Ok(())
}

#[peer_test]
async fn a_prefix_that_fails_is_told_with_its_status_and_its_words() {
    let error = ct_peer!({ exec: prefix("echo no route to host >&2; exit 255") }).await.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Exited(255)));
    says(&error, &["exit status 255", "| no route to host", "@nohost"]);
}

#[peer_test]
#[ignore = "run by `a_test_executable_behind_a_prefix_does_not_run_its_tests`"]
async fn driven_prefix() -> peer::Result {
    for script in [r#"exec "$@""#, r#"exec env -i "$@" --list"#] {
        let peer = ct_peer!({ exec: prefix(script), args: ["--ignored"] }).await?;
        is_a_node(&peer).await?;
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn a_test_executable_behind_a_prefix_does_not_run_its_tests() {
    let ran = run(&mut driven!("driven_prefix")).passed();
    assert_eq!(ran.text().matches("running").count(), 1, "{}", ran.text());
    assert!(!ran.text().contains(": test"), "{}", ran.text());
}

/// A word as the shell needs it.
fn quote(word: &OsString) -> String {
    format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"))
}

#[peer_test]
async fn post_process_args_quotes_for_a_shell() -> peer::Result {
    let args = ["", "a b", "it's", "\"", "line\nbreak", "$HOME", "*", "\\", "--peer-node", "; exit 3"];
    let one_word = |all: Vec<OsString>| {
        let (script, words) = all.split_first().unwrap();
        assert_eq!(script, "-c");
        assert!(words[0] == exe().as_str() && words[1].to_str().unwrap().starts_with("--peer-node="), "{words:?}");
        let line: Vec<String> = words.iter().map(quote).collect();
        vec!["-c".into(), format!("exec {}", line.join(" ")).into()]
    };
    let exec = ("sh", ["-c", &exe()]);
    let peer = ct_peer!({ exec: exec, args: args, post_process_args: one_word }).await?;
    is_a_node(&peer).await?;
    let (all, own) = peer.call(own_arguments, ()).await?;
    assert_eq!((all, own), (args.map(OsString::from).to_vec(), args.map(OsString::from).to_vec()));
    assert_eq!(peer.command_line().len(), 3);
    Ok(())
}

/// The example beside this test.
fn server() -> PathBuf {
    let target = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    let server = target.join("examples/server");
    assert!(server.exists(), "run `cargo build --example server` first: no {}", server.display());
    server
}

/// Says one line to a server, and gives its answer.
fn ask(port: u16, line: &str) -> String {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    writeln!(server, "{line}").unwrap();
    let mut answer = String::new();
    // A server that quits may reset the connection.
    let _ = BufReader::new(server).read_line(&mut answer);
    answer.trim_end().to_owned()
}

async fn port_of(server: &Peer) -> peer::Result<u16> {
    Ok(server.apply::<Option<u16>, _>("server", "port", ()).await?.ok_or("started, and does not listen")?)
}

#[peer_test]
async fn a_server_with_a_main_of_its_own() -> peer::Result {
    for connection in CONNECTIONS {
        let server = ct_peer!({
            exec: server(),
            args: ["--port", "0"],
            connection: connection,
            shutdown: Shutdown::Graceful(DEADLINE),
        })
        .await?;
        // It listens, or it would not be started.
        let port = port_of(&server).await?;
        assert_eq!(server.apply::<usize, _>("server", "rows", ()).await?, 0);
        assert_eq!(ask(port, "set colour dark blue"), "ok");
        assert_eq!(ask(port, "get colour"), "dark blue");
        assert_eq!(server.apply::<usize, _>("server", "rows", ()).await?, 1);
        assert_eq!(server.apply::<Vec<String>, _>("server", "arguments", ()).await?, ["--port", "0"]);
        // `listen` dropped nothing but a reference, and main goes on; the node is still there after both.
        server.stop().await?;
        assert_eq!(server.gone().await, Reason::Stopped);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "its port is free");
    }
    Ok(())
}

#[peer_test]
async fn a_call_to_another_build_says_use_apply() -> peer::Result {
    let server = ct_peer!({ exec: server() }).await?;
    let error = server.call(sum, (1, 2)).await.unwrap_err();
    assert!(error.is_undef(), "{error}");
    says(&error, &[&server.node(), "exec::sum", "another executable", "use `apply`"]);
    let error = server.apply::<u64, _>("server", "sum", (1, 2)).await.unwrap_err();
    assert!(error.is_undef());
    says(&error, &["server::sum", "#[remote]"]);
    let error = server.apply::<usize, _>("server", "rows", (1,)).await.unwrap_err();
    assert!(error.is_badarg());
    says(&error, &["rows(i32,) -> usize", "fn rows() -> usize"]);
    assert_eq!(server.apply::<usize, _>("server", "rows", ()).await?, 0);
    Ok(())
}

#[peer_test]
async fn the_exit_status_of_main_is_the_reason() -> peer::Result {
    for connection in CONNECTIONS {
        for status in [0, 3] {
            let server = ct_peer!({ exec: server(), connection: connection }).await?;
            ask(port_of(&server).await?, &format!("quit {status}"));
            assert_eq!(server.gone().await, Reason::Exited(status));
        }
    }
    Ok(())
}

#[peer_test]
async fn a_server_is_booting_until_it_says_started() -> peer::Result {
    let (files, mut notices) = (Folder::new(), BootNotices::new());
    let fifo = files.fifo("rows");
    let args = ["--load".into(), fifo.clone().into_os_string()];
    let server = ct_peer!({ exec: server(), args: args, wait_boot: notices.tagged("") }).await?;
    assert_eq!(server.state(), PeerState::Booting);
    assert!(server.apply::<usize, _>("server", "rows", ()).await.unwrap_err().is_noconnection());
    // One row: `go` has no value.
    std::thread::spawn(move || release(&fifo));
    assert_eq!(notices.recv().await?.outcome?, server.node());
    assert_eq!(server.state(), PeerState::Running);
    assert_eq!(server.apply::<usize, _>("server", "rows", ()).await?, 0);
    Ok(())
}

#[peer_test]
async fn a_server_that_enters_and_never_starts_is_told_as_such() {
    let files = Folder::new();
    let args = ["--load".into(), files.fifo("rows").into_os_string()];
    // Long enough to enter, even on a busy machine.
    let wait_boot = WaitBoot::For(Duration::from_secs(3));
    let error = ct_peer!({ exec: server(), args: args, wait_boot: wait_boot }).await.unwrap_err();
    assert!(error.is_timeout() && error.is_boot_failed());
    says(&error, &["not started within 3s", "it entered", "`started()`", "`enter_booting()`"]);
}

#[peer_test]
async fn a_server_that_refuses_its_arguments() {
    let error = ct_peer!({ exec: server(), args: ["--prot", "1"] }).await.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Exited(2)));
    says(&error, &["exit status 2", "| server: unknown argument --prot", "| usage:", "--prot 1"]);
}

#[peer_test]
async fn an_executable_that_never_enters_is_told_as_such() {
    for connection in CONNECTIONS {
        let error = ct_peer!({ exec: "true", connection: connection }).await.unwrap_err();
        assert_eq!(error.down_reason(), Some(&Reason::Exited(0)));
        says(&error, &["exit status 0", "never entered as a node", "`let _node = peer::node::enter();`"]);
    }
}

#[peer_test]
#[ignore = "run by `what_a_server_prints_goes_to_the_console`"]
async fn driven_server() -> peer::Result {
    for connection in CONNECTIONS {
        let shutdown = Shutdown::Graceful(DEADLINE);
        let server = ct_peer!({ exec: server(), connection: connection, shutdown: shutdown }).await?;
        ask(port_of(&server).await?, "set a b");
        server.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn what_a_server_prints_goes_to_the_console() {
    let ran = run(&mut driven!("driven_server")).passed();
    for line in ["| listening on 127.0.0.1:", "| stopping with 1 rows"] {
        assert_eq!(ran.text().matches(line).count(), 2, "{line} in {}", ran.text());
    }
    assert!(!ran.stdout.contains("listening"), "not on this program's own output: {}", ran.stdout);
}

#[test]
fn in_a_process_that_is_no_node_entering_does_nothing() {
    let mut child = command(server()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let (_, port) = line.trim_end_matches(" with 0 rows\n").rsplit_once(':').unwrap();
    ask(port.parse().unwrap(), "quit 4");
    assert_eq!(child.wait().unwrap().code(), Some(4));
}
