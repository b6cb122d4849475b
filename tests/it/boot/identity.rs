//! Who a node is: name, arguments, origin, environment, threads; and its own end.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

#[remote]
fn names() -> (bool, String, Option<String>) {
    (peer::node::is_node(), peer::node::name(), peer::node::origin().map(|origin| origin.name()))
}

#[peer_test]
async fn a_node_knows_its_name_and_its_origin() -> peer::Result {
    assert!(!peer::node::is_node());
    assert!(peer::node::origin().is_none());
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        assert_eq!(peer.call(names, ()).await?, (true, peer.node(), Some(peer::node::name())));
        assert_ne!(peer.node(), peer::node::name());
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn without_a_name_a_node_with_a_host_is_named_as_its_origin() -> peer::Result {
    let peer = peer::start_link(StartOptions::new().host("db1.test").longnames(true)).await?;
    let origin = peer::node::name();
    let (name, _) = origin.split_once('@').unwrap();
    assert_eq!(peer.node(), format!("{name}@db1.test"));
    assert_eq!(peer.call(names, ()).await?.1, peer.node());
    peer.stop().await?;
    Ok(())
}

#[remote]
fn node_args() -> Vec<OsString> {
    peer::node::args()
}

#[remote]
fn all_args() -> Vec<OsString> {
    std::env::args_os().collect()
}

#[remote]
fn count_of_args() -> (usize, Option<String>) {
    (std::env::args_os().len(), std::env::args_os().last().map(|arg| arg.display().to_string()))
}

#[peer_test]
async fn arguments_arrive_exactly() -> peer::Result {
    let args: Vec<OsString> = [
        &b""[..],
        b" ",
        b"two words",
        b"\"quotes\" 'and' `more`",
        b"$HOME * ~ \\ ; & | < >",
        b"line\nbreak\ttab\r",
        b"\xFF\xFE not UTF-8 \xC3",
        "\u{E9}\u{4E2D}\u{1F980}".as_bytes(),
        b"--nocapture",
        b"--",
        b"-",
        b"",
    ]
    .iter()
    .map(|bytes| OsString::from_vec(bytes.to_vec()))
    .collect();
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, args: args.clone() }).await?;
        assert_eq!(peer.call(node_args, ()).await?, args);
        // The argument that makes it a node is hidden from everybody else.
        let all = peer.call(all_args, ()).await?;
        assert_eq!(all[0], std::env::current_exe()?);
        assert_eq!(all[1..], args);
        assert_eq!(peer.call(count_of_args, ()).await?, (args.len() + 1, Some(String::new())));
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn a_node_without_arguments_has_none() -> peer::Result {
    let peer = ct_peer!().await?;
    assert_eq!(peer.call(node_args, ()).await?, Vec::<OsString>::new());
    assert_eq!(peer.call(all_args, ()).await?, [std::env::current_exe()?]);
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn a_second_marker_is_an_argument() -> peer::Result {
    let peer = ct_peer!(["--peer-node=1:self"]).await?;
    assert_eq!(peer.call(node_args, ()).await?, ["--peer-node=1:self"]);
    peer.stop().await?;
    Ok(())
}

#[remote]
fn variable(name: String) -> Option<OsString> {
    std::env::var_os(name)
}

#[remote]
fn variables() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

#[remote]
fn directory() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[peer_test]
async fn directory_and_environment_are_inherited() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        assert_eq!(peer.call(directory, ()).await?, std::env::current_dir()?);
        let mut own: Vec<_> = std::env::vars_os().collect();
        let mut its = peer.call(variables, ()).await?;
        own.sort();
        its.sort();
        assert_eq!(its, own);
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn environment_is_set_and_removed() -> peer::Result {
    assert!(std::env::var_os("PATH").is_some());
    let bytes = OsStr::from_bytes(b"a=b\n\xFF\"'");
    let env = [
        ("PEER_TEST_SET", Some(bytes.to_owned())),
        ("PEER_TEST_EMPTY", Some(OsString::new())),
        ("CARGO_MANIFEST_DIR", None),
        ("PATH", None),
    ];
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, env: env.clone() }).await?;
        for (name, value) in &env {
            assert_eq!(peer.call(variable, ((*name).to_owned(),)).await?, *value, "{name}");
        }
        peer.stop().await?;
    }
    Ok(())
}

#[remote]
fn thread_names() -> (String, Option<String>) {
    let process = std::fs::read_to_string("/proc/self/comm").unwrap();
    (process.trim_end().to_owned(), std::thread::current().name().map(str::to_owned))
}

#[remote]
async fn async_thread_name() -> Option<String> {
    std::thread::current().name().map(str::to_owned)
}

#[peer_test]
async fn threads_have_names() -> peer::Result {
    let peer = ct_peer!({ name: peer::random_name("db") }).await?;
    let (process, thread) = peer.call(thread_names, ()).await?;
    // The kernel keeps 15 bytes.
    assert_eq!(process, peer.name()[..peer.name().len().min(15)]);
    assert_eq!(thread.as_deref(), Some("peer-call"));
    assert_eq!(peer.call(async_thread_name, ()).await?.as_deref(), Some("peer-node"));
    peer.stop().await?;
    Ok(())
}

#[remote]
fn halt(status: i32) {
    println!("halting with {status}");
    peer::node::on_stop(|| println!("a stop hook"));
    peer::node::halt(status);
}

#[peer_test]
async fn a_node_halts_with_its_status() -> peer::Result {
    for connection in CONNECTIONS {
        for status in [0, 1, 3, 255] {
            let peer = ct_peer!({ connection: connection }).await?;
            let error = peer.call(halt, (status,)).await.unwrap_err();
            assert_eq!(error.down_reason(), Some(&Reason::Exited(status)), "{error}");
            assert_eq!(gone(&peer).await, Reason::Exited(status));
            assert_eq!(last_words(&peer).await, format!("halting with {status}"));
        }
    }
    Ok(())
}

#[remote]
fn hooks(notes: peer::Address<String>) {
    for name in ["first", "second"] {
        let notes = notes.clone();
        peer::node::on_stop(move || notes.send(name.to_owned()));
    }
    peer::node::on_stop(|| panic!("a hook that panics"));
    peer::node::on_stop(move || {
        notes.send("last".to_owned());
        // A hook may add one.
        peer::node::on_stop(move || notes.send("added".to_owned()));
    });
}

#[peer_test]
async fn stop_hooks_run_last_one_first() -> peer::Result {
    for connection in CONNECTIONS {
        let shutdown = Shutdown::Graceful(Duration::from_secs(10));
        let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
        let notes = mailbox::<String>("notes");
        peer.call(hooks, (notes.address(),)).await?;
        peer.stop().await?;
        for expected in ["last", "added", "second", "first"] {
            assert_eq!(notes.recv().await?, expected);
        }
        let words = last_words(&peer).await;
        assert!(words.contains("a hook that panics"), "{words}");
    }
    Ok(())
}

#[peer_test]
async fn two_hundred_blocked_calls_block_no_other() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let arrived = mailbox::<u32>("arrived");
        let blocked: Vec<_> = (0..200)
            .map(|_| tokio::spawn(peer.call(wait_at_gate, (Some(arrived.address()),)).timeout(peer::UNLIMITED)))
            .collect();
        for _ in &blocked {
            arrived.recv().await?;
        }
        assert_eq!(peer.call(sum, (vec![200, 1],)).await?, 201);
        peer.call(open_gate, ()).await?;
        for call in blocked {
            assert_eq!(call.await??, 1);
        }
        peer.stop().await?;
        assert!(is_gone(peer.os_pid()));
    }
    Ok(())
}

#[remote]
#[allow(clippy::too_many_arguments, reason = "the most that there may be")]
fn twelve(
    a: u8,
    b: i64,
    c: String,
    d: Option<u32>,
    e: Vec<u8>,
    f: (u8, u8),
    g: bool,
    h: char,
    i: f64,
    j: Result<(), String>,
    k: [u16; 2],
    l: (),
) -> String {
    format!("{a} {b} {c} {d:?} {e:?} {f:?} {g} {h} {i} {j:?} {k:?} {l:?}")
}

#[peer_test]
async fn a_function_has_up_to_twelve_arguments() -> peer::Result {
    let peer = ct_peer!().await?;
    let args = (1, -2, "c".to_owned(), Some(4), vec![5, 5], (6, 6), true, '8', 9.5, Err("j".to_owned()), [11, 11], ());
    let expected = "1 -2 c Some(4) [5, 5] (6, 6) true 8 9.5 Err(\"j\") [11, 11] ()";
    assert_eq!(peer.call(twelve, args.clone()).await?, expected);
    assert_eq!(peer.apply::<String, _>(module_path!(), "twelve", args).await?, expected);
    peer.stop().await?;
    Ok(())
}
