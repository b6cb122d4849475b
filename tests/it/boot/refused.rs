//! Executables that are missing, end at once, print garbage, or never speak the protocol.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;
use peer::BootNotices;

/// What a peer says first, as `printf` of a shell writes it.
const MAGIC: &str = r"\000\377peer-1\376\r\n\000";

#[peer_test(nodes = 1)]
async fn an_executable_that_is_missing(nodes: Nodes) {
    for program in ["/nonexistent/mydb", "no-such-program-of-anybody"] {
        let name = ct_peer_name!();
        let error = refused(ct_peer!({ name: name.clone(), exec: program })).await;
        assert!(error.is_boot_failed() && error.down_reason().is_none());
        assert!(error.node().unwrap().starts_with(&name));
        says(&error, &[&name, program, "No such file", "`exec`", "CARGO_BIN_EXE"]);
        // It gives its name back.
        ct_peer!({ name: name }).await.unwrap().stop().await.unwrap();
    }
    goes_on(&nodes[0]).await;
}

#[peer_test(nodes = 1)]
async fn a_file_that_may_not_be_executed(nodes: Nodes) {
    let folder = Folder::new();
    let program = folder.path("mydb");
    std::fs::write(&program, "not executable").unwrap();
    for program in [program, folder.path("")] {
        let error = refused(ct_peer!({ exec: &program })).await;
        assert!(error.is_boot_failed());
        says(&error, &[&program.display().to_string(), "Permission denied", "may not be executed"]);
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn a_file_that_is_no_program() {
    let folder = Folder::new();
    let program = folder.path("mydb");
    std::fs::write(&program, "\u{1}\u{2}\u{3} no program").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = refused(ct_peer!({ exec: &program })).await;
    assert!(error.is_boot_failed());
    says(&error, &[&program.display().to_string(), "xec format error", "`exec`"]);
    assert!(!error.to_string().contains("ulimit"), "{error}");
}

#[peer_test(nodes = 1)]
async fn an_executable_that_exits_at_once(nodes: Nodes) {
    for connection in CONNECTIONS {
        for number in &[0, 1, 7] {
            let script = format!("echo my last words >&2; echo on stdout; exit {number}");
            let error = refused(peer::start_link(shell(&script).connection(connection))).await;
            assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
            assert_eq!(error.down_reason(), Some(&Reason::Exited(*number)));
            let status = format!("exit status {number}");
            let name = error.node().unwrap();
            says(&error, &[name, &status, "command line: sh -c 'echo my last words", "| my last words", "| on stdout"]);
            // Another status says more: the failure is the program's own.
            assert_eq!(error.to_string().contains("peer::node::enter()"), *number == 0, "{error}");
        }
    }
    goes_on(&nodes[0]).await;
}

#[peer_test(nodes = 1)]
async fn an_executable_that_is_killed_while_booting(nodes: Nodes) {
    for connection in CONNECTIONS {
        for (signal, name) in [(9, "SIGKILL"), (15, "SIGTERM"), (11, "SIGSEGV")] {
            let script = format!("echo alive >&2; kill -{signal} $$");
            let error = refused(peer::start_link(shell(&script).connection(connection))).await;
            assert!(error.is_boot_failed());
            assert_eq!(error.down_reason(), Some(&Reason::Killed(signal)));
            says(&error, &[&format!("killed by signal {signal} ({name})"), "| alive", "command line"]);
        }
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn who_waits_for_a_notice_is_told_of_a_kill_while_booting() -> peer::Result {
    let mut notices = BootNotices::new();
    let peer = ct_peer!(shell("exec sleep 1000").wait_boot(notices.tagged("here"))).await?;
    assert_eq!(peer.state(), PeerState::Booting);
    signal("KILL", peer.os_pid());
    let notice = notices.recv().await?;
    assert_eq!((notice.tag.as_str(), notice.name.as_str()), ("here", peer.name()));
    let error = notice.outcome.unwrap_err();
    assert!(error.is_boot_failed());
    assert_eq!(error.down_reason(), Some(&Reason::Killed(9)));
    says(&error, &[&peer.node(), "SIGKILL", "exec sleep 1000"]);
    assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    Ok(())
}

/// What is printed, and what the error says of it.
const GARBAGE: [(&str, &[&str]); 7] = [
    // Random bytes where a frame belongs: a length beyond all limits.
    (r"\377\301\002\003\004\005", &["broke the protocol", "at most 67108864"]),
    (r"Hello, world\n", &["broke the protocol", "a frame of 1214606444 bytes", "Hello, world"]),
    // A frame of no bytes, and frames that are no message.
    (r"\000\000\000\000", &["broke the protocol", "first message is", "0 bytes"]),
    (r"\000\000\000\002\377\377", &["broke the protocol", "first message is", "2 bytes"]),
    // A message that is not the first one.
    (r"\000\000\000\003\001\001x", &["broke the protocol", "not a hello", "Started"]),
    // A hello without proof, and one of another version.
    (
        r"\000\000\000\047\000\00111111111111111111111111111111111\000\001\001x\000",
        &["broke the protocol", "did not prove"],
    ),
    (
        r"\000\000\000\047\000\01111111111111111111111111111111111\000\001\001x\000",
        &["broke the protocol", "version 9", "not 1", "rebuild"],
    ),
];

#[peer_test(nodes = 1)]
async fn an_executable_that_prints_garbage_where_frames_belong(nodes: Nodes) {
    for (garbage, said) in GARBAGE {
        // In one write, and in two: the sleep says that nothing more is coming.
        for pause in ["", "sleep 0.01; "] {
            let script = format!("printf '{MAGIC}'; {pause}printf '{garbage}'; echo last words >&2; exec sleep 1000");
            let error = refused(peer::start_link(shell(&script))).await;
            assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
            assert!(matches!(error.down_reason(), Some(Reason::Protocol(_))), "{error}");
            says(&error, said);
            says(&error, &["command line: sh -c"]);
        }
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn garbage_and_its_magic_in_one_write() {
    // Nothing follows that would make the origin look again.
    let error =
        refused(peer::start_link(shell(&format!("printf '{MAGIC}\\377\\377\\377\\377'; exec sleep 1000")))).await;
    assert!(matches!(error.down_reason(), Some(Reason::Protocol(_))), "{error}");
    says(&error, &["a frame of 4294967295 bytes"]);
}

#[peer_test(nodes = 1)]
async fn a_frame_that_is_cut_off(nodes: Nodes) {
    for frame in [r"\000\000", r"\000\000\000\100\000\001cut off", ""] {
        let error = refused(peer::start_link(shell(&format!("printf '{MAGIC}{frame}'; exit 7")))).await;
        assert!(error.is_boot_failed());
        assert_eq!(error.down_reason(), Some(&Reason::Exited(7)), "{error}");
        says(&error, &["exit status 7"]);
    }
    goes_on(&nodes[0]).await;
}

#[peer_test(nodes = 1)]
async fn text_before_the_protocol_belongs_to_the_console(nodes: Nodes) {
    let error = refused(peer::start_link(shell("printf 'banner \\000\\377peer-'; echo; exit 3"))).await;
    assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
    says(&error, &["| banner \\0\u{fffd}peer-"]);
    goes_on(&nodes[0]).await;
}

/// Whether the process is there, or was and is not reaped.
fn is_there(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[peer_test(nodes = 1)]
async fn an_executable_that_never_speaks_the_protocol(nodes: Nodes) {
    for connection in CONNECTIONS {
        let silent =
            shell("echo \"pid=$$\" >&2; exec sleep 1000").connection(connection).wait_boot(WaitBoot::For(SHORT));
        let error = refused(peer::start_link(silent)).await;
        assert!(error.is_boot_failed() && error.is_timeout());
        assert_eq!(error.down_reason(), Some(&Reason::BootTimeout));
        says(
            &error,
            &[error.node().unwrap(), "not started within 300ms", "command line: sh -c", "never entered as a node"],
        );
        let text = error.to_string();
        // Where the machine is slow the time was over before it could say so.
        if let Some((_, pid)) = text.split_once("| pid=") {
            assert!(!is_there(pid.trim()), "{text}");
        }
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn what_did_not_boot_in_time_is_gone_with_its_children() -> peer::Result {
    let folder = Folder::new();
    let fifo = folder.fifo("held");
    let script = format!("sleep 1000 > {} & exec sleep 1000", fifo.display());
    let start = tokio::spawn(peer::start_link(shell(&script).wait_boot(WaitBoot::For(Duration::from_secs(1)))));
    // Opened when the child is there, at its end when it is gone.
    let held = tokio::task::spawn_blocking(move || within("the end of a child", move || std::fs::read(fifo)));
    assert!(start.await?.unwrap_err().is_timeout());
    assert_eq!(held.await??, b"");
    Ok(())
}

#[peer_test]
async fn a_boot_that_fails_takes_nobody_down_and_needs_nobody_who_is_told() -> peer::Result {
    let error = refused(ct_peer!(shell("exit 7").peer_down(PeerDown::Crash))).await;
    assert_eq!(error.down_reason(), Some(&Reason::Exited(7)));
    // Nobody is there to be told.
    for options in [shell("exit 7"), StartOptions::new()] {
        let peer = ct_peer!(options.wait_boot(BootNotices::new().tagged("nobody"))).await?;
        if peer.options().to_string().contains("exit 7") {
            assert_eq!(peer.gone().await, Reason::Exited(7));
        } else {
            peer.stop().await?;
        }
    }
    Ok(())
}

#[peer_test]
#[ignore = "run by `a_shortage_of_descriptors_is_told_and_passes`"]
async fn driven_shortage() -> peer::Result {
    let mut peers = Vec::new();
    let error = loop {
        match refused_or_started(ct_peer!().await) {
            Ok(peer) => peers.push(peer),
            Err(error) => break error,
        }
        assert!(peers.len() < 100, "there is no shortage");
    };
    says(&error, &["start of a peer", "Too many open files", "ulimit"]);
    for peer in &peers {
        goes_on(peer).await;
    }
    for peer in peers.drain(..2) {
        peer.stop().await?;
    }
    goes_on(&ct_peer!().await?).await;
    for peer in &peers {
        goes_on(peer).await;
    }
    Ok(())
}

fn refused_or_started(started: Result<Peer, peer::Error>) -> Result<Peer, peer::Error> {
    started.inspect_err(|error| assert!(!error.is_timeout(), "{error}"))
}

#[peer_test]
async fn a_shortage_of_descriptors_is_told_and_passes() {
    let exe = std::env::current_exe().unwrap();
    let mut few = crate::support::command("sh");
    few.args(["-c", "ulimit -n 60 && exec \"$@\"", "sh"]).arg(exe);
    few.args(["--ignored", "--exact", "boot::refused::driven_shortage", "--test-threads=1"]);
    crate::support::run(&mut few).passed().says(&["1 passed"]);
}

#[peer_test]
async fn no_time_to_boot_is_a_boot_time_out() {
    let never = shell("exec sleep 1000").wait_boot(WaitBoot::For(Duration::ZERO));
    let error = refused(peer::start_link(never)).await;
    assert!(error.is_timeout() && error.is_boot_failed());
}

#[remote]
fn report_to(port: u16) {
    hold(port);
}

#[peer_test]
async fn a_start_that_is_dropped_leaves_no_process() {
    let folder = Folder::new();
    let fifo = folder.fifo("held");
    let script = format!("exec sleep 1000 > {}", fifo.display());
    let start = tokio::spawn(peer::start_link(shell(&script)));
    let opened = tokio::task::spawn_blocking(move || within("the shell", move || std::fs::File::open(fifo))).await;
    let mut pipe = opened.unwrap().unwrap();
    start.abort();
    let end = tokio::task::spawn_blocking(move || within("its end", move || std::io::Read::read(&mut pipe, &mut [0])));
    assert_eq!(end.await.unwrap().unwrap(), 0);
}

#[peer_test(nodes = 1)]
async fn garbage_on_a_connection_that_was_good_ends_the_node_and_is_told(nodes: Nodes) -> peer::Result {
    for end in [Side::Origin, Side::Node] {
        let lifeline = Lifeline::new();
        let peer = ct_peer!().await?;
        peer.call(report_to, (lifeline.port(),)).await?;
        let held = lifeline.held();
        assert!(peer.call(write_garbage_to, (end,)).timeout(DEADLINE).await.unwrap_err().is_noconnection());
        match (end, peer.gone().await) {
            (Side::Origin, Reason::Protocol(what)) => says(what, &["at most 67108864"]),
            // A node that cannot trust its origin ends itself, and its group.
            (Side::Node, Reason::Killed(9)) => {}
            (end, reason) => panic!("{end:?}: {reason}"),
        }
        held.ended();
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

/// Who is to read garbage.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
enum Side {
    Origin,
    Node,
}

/// Writes into the control connection, past the runtime: it is the pipes that the runtime keeps.
#[remote]
fn write_garbage_to(end: Side) {
    let stdio = [0, 1, 2].map(|fd| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap());
    for entry in std::fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let Ok(target) = std::fs::read_link(entry.path()) else { continue };
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", entry.file_name().display()));
        let Some(flags) = info.iter().flat_map(|info| info.lines()).find(|line| line.starts_with("flags:")) else {
            continue;
        };
        let is_wanted = flags.ends_with('1') == matches!(end, Side::Origin);
        if target.to_string_lossy().starts_with("pipe:") && !stdio.contains(&target) && is_wanted {
            // Opened anew, a pipe can be written to from either end of it.
            let _ = std::fs::write(entry.path(), [0xff; 64]);
        }
    }
    loop {
        std::thread::park();
    }
}
