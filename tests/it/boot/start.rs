//! Options, boots and names.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

for_each_connection! {
    options_are_checked
    a_missing_executable_is_told_at_once
    a_failing_boot_tells_its_status
    a_boot_ended_by_a_signal_tells_it
    states_follow_the_boot
    a_failed_boot_is_notified
    four_nodes_boot_side_by_side
    a_name_in_use_is_refused_at_once
    host_is_a_label
    arguments_are_post_processed
    a_slow_starter_leaves_nothing_behind
    a_dropped_start_leaves_nothing_behind
    a_prefix_may_stay
    boot_steps_are_told
    stopped_while_booting
}

async fn options_are_checked(connection: Connection) -> peer::Result {
    let fresh = || StartOptions::new().connection(connection);
    let bad = [
        ("name", fresh().name("")),
        ("name", fresh().name("a@b")),
        ("name", fresh().name("a b")),
        ("name", fresh().name("x".repeat(256))),
        ("host", fresh().host("a@b")),
        ("host", fresh().host("")),
        ("exec", fresh().exec("")),
        ("exec", fresh().exec("a\0b")),
        ("args", fresh().args(["fine", "a\0b"])),
        ("env", fresh().env([("", "value")])),
        ("env", fresh().env([("A=B", "value")])),
        ("env", fresh().env([("A", "a\0b")])),
        ("shutdown", fresh().shutdown(Shutdown::HaltWithin(Duration::from_millis(999)))),
        ("shutdown", fresh().shutdown(Shutdown::Graceful(Duration::ZERO))),
        ("frame_limit", fresh().frame_limit(10)),
    ];
    for (option, options) in bad {
        let shown = options.to_string();
        for start in [peer::start(options.clone()), peer::start_link(options)] {
            let error = start.await.expect_err(&shown);
            assert!(error.is_bad_option() && !error.is_boot_failed(), "{shown}: {error}");
            assert!(error.to_string().contains(&format!("option `{option}`")), "{shown}: {error}");
        }
    }
    Ok(())
}

async fn a_missing_executable_is_told_at_once(connection: Connection) -> peer::Result {
    let error = ct_peer!({ connection: connection, exec: "/no/such/executable" }).await.unwrap_err();
    assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
    assert!(error.to_string().contains("/no/such/executable"), "{error}");
    Ok(())
}

#[peer_test]
async fn a_taken_port_is_told_at_once() -> peer::Result {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = taken.local_addr()?.port();
    let error = ct_peer!({ connection: Connection::Tcp(port) }).await.unwrap_err();
    assert!(error.to_string().contains(&port.to_string()) && !error.is_timeout(), "{error}");
    Ok(())
}

async fn a_failing_boot_tells_its_status(connection: Connection) -> peer::Result {
    let script = "echo out before; echo no configuration found >&2; exit 1";
    let error = ct_peer!({ connection: connection, exec: ("sh", ["-c", script]), args: ["--shard", "3"] }).await;
    let error = error.unwrap_err();
    assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
    assert_eq!(error.down_reason(), Some(&Reason::Exited(1)), "{error}");
    let text = error.to_string();
    for part in ["exit status 1", "no configuration found", "out before", "sh -c", "--shard 3"] {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
    Ok(())
}

async fn a_boot_ended_by_a_signal_tells_it(connection: Connection) -> peer::Result {
    let error = ct_peer!({ connection: connection, exec: ("sh", ["-c", "kill -SEGV $$"]) }).await.unwrap_err();
    assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
    assert_eq!(error.down_reason(), Some(&Reason::Killed(11)), "{error}");
    Ok(())
}

async fn states_follow_the_boot(connection: Connection) -> peer::Result {
    let fifo = Fifo::new();
    let mut boots = peer::BootNotices::new();
    let exec = through_shell(": < \"$0\"; exec \"$@\"", &fifo.0);
    let peer = ct_peer!({ connection: connection, exec: exec, wait_boot: boots.tagged("it") }).await?;
    assert_eq!(peer.state(), PeerState::Booting);
    let error = peer.call(sum, (vec![],)).timeout(peer::UNLIMITED).await.unwrap_err();
    assert!(error.is_noconnection() && !error.is_noproc(), "{error}");
    fifo.open().await;
    let notice = boots.recv().await?;
    assert_eq!((notice.tag.as_str(), notice.name.as_str()), ("it", peer.name()));
    assert_eq!(notice.outcome?, peer.node());
    assert_eq!(peer.state(), PeerState::Running);
    assert_eq!(peer.call(sum, (vec![1],)).await?, 1);
    peer.stop().await?;
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    Ok(())
}

async fn a_failed_boot_is_notified(connection: Connection) -> peer::Result {
    let mut boots = peer::BootNotices::new();
    let exec = ("sh", ["-c", "exit 7"]);
    let peer = ct_peer!({ connection: connection, exec: exec, wait_boot: boots.tagged("bad") }).await?;
    let notice = boots.recv().await?;
    assert_eq!((notice.tag.as_str(), notice.name.as_str()), ("bad", peer.name()));
    let error = notice.outcome.unwrap_err();
    assert!(error.is_boot_failed(), "{error}");
    assert_eq!(error.down_reason(), Some(&Reason::Exited(7)), "{error}");
    assert_eq!(peer.state(), PeerState::Down(Reason::Exited(7)));
    Ok(())
}

async fn four_nodes_boot_side_by_side(connection: Connection) -> peer::Result {
    let mut boots = peer::BootNotices::new();
    let mut peers = Vec::new();
    for number in 0..4 {
        peers.push(ct_peer!({ connection: connection, wait_boot: boots.tagged(format!("node {number}")) }).await?);
    }
    let mut tags = Vec::new();
    for _ in &peers {
        let notice = boots.recv().await?;
        let number: usize = notice.tag.trim_start_matches("node ").parse()?;
        assert_eq!(notice.outcome?, peers[number].node());
        tags.push(number);
    }
    tags.sort_unstable();
    assert_eq!(tags, [0, 1, 2, 3]);
    for peer in &peers {
        peer.stop().await?;
    }
    Ok(())
}

async fn a_name_in_use_is_refused_at_once(connection: Connection) -> peer::Result {
    let name = ct_peer_name!();
    let first = ct_peer!({ connection: connection, name: name.clone() }).await?;
    for host in [None, Some("localhost")] {
        let options = StartOptions::new().connection(connection).name(name.clone());
        let options = host.map_or(options.clone(), |host| options.host(host));
        let error = peer::start_link(options).await.unwrap_err();
        assert!(error.is_name_in_use() && error.to_string().contains(&name), "{error}");
    }
    assert_eq!(first.call(sum, (vec![1],)).await?, 1);
    first.stop().await?;
    let again = ct_peer!({ connection: connection, name: name }).await?;
    again.stop().await?;
    Ok(())
}

async fn host_is_a_label(connection: Connection) -> peer::Result {
    let real = ct_peer!({ connection: connection }).await?;
    let local = ct_peer!({ connection: connection, host: "localhost" }).await?;
    let origin = peer::node::name();
    let (_, host) = origin.split_once('@').unwrap();
    assert_eq!(real.node(), format!("{}@{host}", real.name()));
    assert_eq!(local.node(), format!("{}@localhost", local.name()));
    for peer in [real, local] {
        assert_eq!(peer.call(crate::scope::crash::own_name, ()).await?, peer.node());
        peer.stop().await?;
    }
    Ok(())
}

async fn arguments_are_post_processed(connection: Connection) -> peer::Result {
    let this = std::env::current_exe()?;
    // One shell command out of all arguments, as behind ssh.
    let peer = ct_peer!({
        connection: connection,
        exec: ("sh", ["-c".into(), this.into_os_string()]),
        args: ["plain", "it's $HOME", ""],
        post_process_args: |args| {
            let words = args[1..].iter().map(|arg| format!("'{}'", arg.to_str().unwrap().replace('\'', r"'\''")));
            vec![args[0].clone(), format!("exec {}", words.collect::<Vec<_>>().join(" ")).into()]
        },
    })
    .await?;
    assert_eq!(peer.call(crate::scope::crash::own_args, ()).await?, ["plain", "it's $HOME", ""]);
    assert_eq!(peer.command_line().len(), 3, "{:?}", peer.command_line());
    peer.stop().await?;
    Ok(())
}

/// The pid that a shell wrote to its standard error, from an error.
fn shells_pid(error: &str) -> u32 {
    let (_, pid) = error.split_once("| pid ").unwrap_or_else(|| panic!("no pid in: {error}"));
    pid.lines().next().unwrap().parse().unwrap()
}

async fn a_slow_starter_leaves_nothing_behind(connection: Connection) -> peer::Result {
    let fifo = Fifo::new();
    let exec = through_shell("echo pid $$ >&2; cat < \"$0\"; exec \"$@\"", &fifo.0);
    let (name, limit) = (ct_peer_name!(), Duration::from_secs(1));
    let options = StartOptions::new().name(name.clone()).connection(connection).wait_boot(WaitBoot::For(limit));
    let error = peer::start_link(options.clone().exec(exec)).await.unwrap_err();
    assert!(error.is_boot_failed() && error.is_timeout(), "{error}");
    assert!(is_gone(shells_pid(&error.to_string())), "{error}");
    // Its name is free, and nobody starts late into it.
    let again = peer::start_link(options.wait_boot(WaitBoot::default())).await?;
    assert_eq!(again.call(sum, (vec![4],)).await?, 4);
    again.stop().await?;
    Ok(())
}

async fn stopped_while_booting(connection: Connection) -> peer::Result {
    let name = ct_peer_name!();
    let fresh = || StartOptions::new().name(name.clone()).connection(connection);
    let exec = ("sh", ["-c", "echo pid $$ >&2; exec tail -f /dev/null"]);
    let peer = peer::start_link(fresh().exec(exec).wait_boot(WaitBoot::No)).await?;
    printed(&peer, "pid ").await;
    let pid = peer.os_pid();
    assert!(!is_gone(pid));
    assert_eq!(peer.state(), PeerState::Booting);
    peer.stop().await?;
    assert!(is_gone(pid));
    assert_eq!(gone(&peer).await, Reason::Stopped);
    let again = peer::start_link(fresh()).await?;
    again.stop().await?;
    Ok(())
}

async fn a_dropped_start_leaves_nothing_behind(connection: Connection) -> peer::Result {
    let fifo = Fifo::new();
    let name = ct_peer_name!();
    let fresh = || StartOptions::new().name(name.clone()).connection(connection);
    let exec = through_shell("exec 3> \"$0\"; exec tail -f /dev/null", &fifo.0);
    let start = tokio::spawn(peer::start_link(fresh().exec(exec)));
    // It is there when the fifo has been opened.
    let path = fifo.0.clone();
    let held = tokio::task::spawn_blocking(move || std::fs::File::open(path));
    let mut held = tokio::time::timeout(DEADLINE, held).await???;
    start.abort();
    assert!(start.await.unwrap_err().is_cancelled());
    let end = tokio::task::spawn_blocking(move || held.read_to_end(&mut Vec::new()));
    assert_eq!(tokio::time::timeout(DEADLINE, end).await???, 0);
    // The name is released when the process is reaped, a moment after it has closed its files.
    let again = async {
        loop {
            match peer::start_link(fresh()).await {
                Err(error) if error.is_name_in_use() => tokio::task::yield_now().await,
                started => break started,
            }
        }
    };
    tokio::time::timeout(DEADLINE, again).await??.stop().await?;
    Ok(())
}

async fn a_prefix_may_stay(connection: Connection) -> peer::Result {
    for kill in [false, true] {
        let exec = through_shell("\"$@\"; exit 7", Path::new("sh"));
        let peer = ct_peer!({ connection: connection, exec: exec, args: ["x y"] }).await?;
        assert_eq!(peer.call(crate::scope::crash::own_args, ()).await?, ["x y"]);
        let pid = peer.call(crate::scope::crash::own_pid, ()).await?;
        assert_eq!(peer.os_pid(), pid);
        if kill {
            signal("KILL", pid);
            assert!(matches!(gone(&peer).await, Reason::Exited(7) | Reason::ConnectionClosed));
        } else {
            peer.stop().await?;
        }
        assert!(is_gone(pid));
    }
    Ok(())
}

async fn boot_steps_are_told(connection: Connection) -> peer::Result {
    let origin = ct_peer!({ connection: connection, env: [("PEER_BOOT_DEBUG", "1")] }).await?;
    let tcp = connection != Connection::StandardIo;
    let (pid, _) = origin.call(crate::scope::crash::start_one, (tcp, false)).await?;
    let words = last_words(&origin).await;
    for step in [&format!("spawned as os pid {pid}"), "hello received", "started", "boot specification read"] {
        assert!(words.contains(step), "no {step:?} in: {words}");
    }
    origin.stop().await?;
    Ok(())
}

#[peer_test]
async fn strangers_do_not_delay_the_boot() -> peer::Result {
    let fifo = Fifo::new();
    let mut boots = peer::BootNotices::new();
    // Another process may take a port that is free now: then the next one will do.
    let (peer, port) = loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let exec = through_shell(": < \"$0\"; exec \"$@\"", &fifo.0);
        let start = ct_peer!({ connection: Connection::Tcp(port), exec: exec, wait_boot: boots.tagged("it") });
        match start.await {
            Ok(peer) => break (peer, port),
            Err(error) => assert!(error.is_bad_option(), "{error}"),
        }
    };
    let _silent: Vec<_> = (0..10).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
    let mut wrong = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    wrong.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    fifo.open().await;
    assert_eq!(boots.recv().await?.outcome?, peer.node());
    assert_eq!(peer.call(sum, (vec![4],)).timeout(DEADLINE).await?, 4);
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn a_port_is_free_again() -> peer::Result {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    for _ in 0..3 {
        let peer = ct_peer!({ connection: Connection::Tcp(port) }).await?;
        // One peer was awaited; nobody else is listened to. A process that is being spawned holds a copy of the port
        // until it executes.
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.kind());
        let refused = async || matches!(connect(), Err(std::io::ErrorKind::ConnectionRefused));
        until("the port to be closed", refused).await;
        assert_eq!(peer.call(sum, (vec![4],)).await?, 4);
        peer.stop().await?;
    }
    Ok(())
}
