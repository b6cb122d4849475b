//! When a program counts as started, and what is said when it does not.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use peer::BootNotices;

use super::*;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Starts without waiting; then `act` makes it ready, and not earlier.
async fn becomes_ready(options: StartOptions, act: impl FnOnce()) -> peer::Result<Peer> {
    let mut boots = BootNotices::new();
    let peer = peer::start_link(options.wait_boot(boots.tagged("server"))).await?;
    assert!(boots.recv_within(SOON).await.unwrap_err().is_timeout());
    assert_eq!(peer.state(), PeerState::Booting);
    act();
    assert_eq!(boots.recv().await?.outcome?, peer.node());
    assert_eq!(peer.state(), PeerState::Running);
    Ok(peer)
}

#[peer_test]
async fn spawned_is_ready_at_once_and_all_is_as_with_a_node() -> peer::Result {
    for ready in [None, Some(Ready::Spawned), Some(Ready::default())] {
        let name = ct_peer_name!();
        let mut options = StartOptions::new().program("sleep").args(["1000"]).name(&name);
        if let Some(ready) = ready {
            options = options.ready(ready);
        }
        let peer = peer::start_link(options.clone()).await?;
        assert_eq!(peer.state(), PeerState::Running);
        let here = peer::node::name();
        assert_eq!(peer.node(), format!("{name}@{}", here.split_once('@').unwrap().1));
        assert_eq!(peer.command_line(), ["sleep", "1000"]);
        let program = std::fs::read_link(format!("/proc/{}/exe", peer.os_pid()))?;
        assert_eq!(program, std::fs::canonicalize(which("sleep"))?);
        // The name is held, as that of a node is.
        assert!(refused(peer::start_link(options)).await.is_name_in_use());
        peer.stop().await?;
        assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
        assert!(is_gone(peer.os_pid()));
        assert!(peer.stop().await.unwrap_err().is_noproc());
    }
    Ok(())
}

#[peer_test]
async fn the_call_reads_well() -> peer::Result {
    let server = ct_peer!({
        program: "sh",
        args: ["-c", "echo '* Ready to accept connections'; exec sleep 1000"],
        ready: Ready::Line("Ready to accept"),
        env: [("LANG", "C")],
        peer_down: PeerDown::Crash,
    })
    .await?;
    assert!(server.name().contains("the_call_reads_well"), "{}", server.name());
    let options = server.options().to_string();
    says(&options, &["program: \"sh\"", "ready: Line(\"Ready to accept\")"]);
    assert!(!options.contains("connection:"), "{options}");
    Ok(())
}

#[peer_test]
async fn by_a_line_that_comes_in_pieces_and_does_not_end() -> peer::Result {
    let folder = Folder::new();
    let fifo = folder.fifo("fifo");
    // On standard error, after much else, in two writes, and with no end of the line.
    let script =
        r#"seq 100000; printf 'Ready Ready to' >&2; read -r line < "$1"; printf ' accept' >&2; exec sleep 1000"#;
    let options = shell(script, [text(&fifo)]).ready(Ready::Line("Ready to accept"));
    becomes_ready(options, || release(&fifo)).await?;
    Ok(())
}

#[peer_test]
async fn a_text_in_two_lines_is_in_no_line() -> peer::Result {
    let folder = Folder::new();
    let fifo = folder.fifo("fifo");
    let script =
        r#"echo Ready to; echo accept; echo not yet; read -r line < "$1"; echo Ready to accept; exec sleep 1000"#;
    let options = shell(script, [text(&fifo)]).ready(Ready::Line("Ready to accept"));
    let mut boots = BootNotices::new();
    let peer = peer::start_link(options.wait_boot(boots.tagged("server"))).await?;
    // All lines before this one have been read.
    printed(&peer, "not yet").await;
    assert_eq!(peer.state(), PeerState::Booting);
    release(&fifo);
    assert_eq!(boots.recv().await?.outcome?, peer.node());
    Ok(())
}

/// A server that listens when it is told to.
#[test]
#[ignore = "run by `by_a_port`"]
fn driven_server() {
    std::fs::read(variable("PEER_TEST_FIFO")).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, variable("PEER_TEST_PORT").parse().unwrap())).unwrap();
    loop {
        listener.accept().unwrap();
    }
}

#[peer_test]
async fn by_a_port() -> peer::Result {
    let folder = Folder::new();
    for again in 0..3 {
        let fifo = folder.fifo(&format!("fifo{again}"));
        let port = peer::free_port().unwrap();
        let options = StartOptions::new()
            .name(ct_peer_name!())
            .program(std::env::current_exe()?)
            .args(["--ignored", "--exact", "program::ready::driven_server"])
            .env([("PEER_TEST_FIFO", text(&fifo)), ("PEER_TEST_PORT", &port.to_string())])
            .ready(if again == 0 { Ready::TcpAt(Ipv4Addr::LOCALHOST, port) } else { Ready::Tcp(port) });
        let peer = becomes_ready(options.clone(), || release(&fifo)).await?;
        // While it runs nobody else can be taken for it.
        let error = refused(peer::start_link(options.name(ct_peer_name!()))).await;
        assert!(error.is_bad_option(), "{error}");
        says(&error, &["`ready`", &format!("something else listens on 127.0.0.1:{port}"), "free port"]);
        peer.stop().await?;
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?);
    }
    Ok(())
}

#[peer_test]
async fn by_a_file_that_an_earlier_run_did_not_leave() -> peer::Result {
    let folder = Folder::new();
    let (file, fifo) = (folder.path("ready"), folder.fifo("fifo"));
    let script = r#"read -r line < "$1"; eval "$2"; exec sleep 1000"#;
    // There is none; the same file is written again; another one takes its place.
    for write in [r#"echo a > "$3""#, r#"echo a > "$3""#, r#"rm "$3"; echo a > "$3""#, r#"touch "$3""#] {
        let options = shell(script, [text(&fifo), write, text(&file)]).ready(Ready::File(&file));
        becomes_ready(options, || release(&fifo)).await?.stop().await?;
        assert_eq!(std::fs::read(&file)?, b"a\n");
    }
    // Relative paths are those of the program.
    let options = shell(r#"echo a > now; exec sleep 1000"#, []).current_dir(folder.path("")).ready(Ready::File("now"));
    peer::start_link(patient(options)).await?;
    Ok(())
}

#[peer_test]
async fn by_a_probe() -> peer::Result {
    let folder = Folder::new();
    let (file, fifo) = (folder.path("ready"), folder.fifo("fifo"));
    let script = r#"read -r line < "$1"; : > "$2"; exec sleep 1000"#;
    let options = shell(script, [text(&fifo), text(&file)]).ready(Ready::Probe(("test", ["-e", text(&file)])));
    becomes_ready(options, || release(&fifo)).await?.stop().await?;
    // It has the program's directory and environment, and nothing to read.
    let script = r#"[ "$MODE" = test ] && [ "$PWD" = / ] && ! read -r line"#;
    let options = shell("exec sleep 1000", []).env([("MODE", "test")]).current_dir("/");
    peer::start_link(patient(options.ready(Ready::Probe(("sh", ["-c", script]))))).await?;
    Ok(())
}

#[peer_test]
async fn probes_do_not_survive() -> peer::Result {
    let line = Lifeline::new();
    let exe = std::env::current_exe()?.into_os_string().into_string().unwrap();
    let probe = (exe.as_str(), ["--ignored", "--exact", "program::ready::driven_probe", "--nocapture"]);
    for stop in [true, false] {
        let options = shell("exec sleep 1000", []).env([("PEER_TEST_PORT", line.port().to_string())]);
        let options = options.ready(Ready::Probe(probe));
        let mut probe = if stop {
            let peer = peer::start_link(options.wait_boot(WaitBoot::No)).await?;
            let mut probe = line.held();
            assert!(probe.is_held(SOON));
            assert_eq!(peer.state(), PeerState::Booting);
            peer.stop().await?;
            probe
        } else {
            let error = refused(peer::start_link(options.wait_boot(WaitBoot::For(Duration::from_secs(2))))).await;
            assert!(error.is_boot_failed() && error.is_timeout(), "{error}");
            line.held()
        };
        assert!(!probe.is_held(DEADLINE), "the probe is still there");
    }
    Ok(())
}

/// A probe that does not end.
#[test]
#[ignore = "run by `probes_do_not_survive`"]
fn driven_probe() {
    hold(std::env::var("PEER_TEST_PORT").unwrap().parse().unwrap());
    loop {
        std::thread::park();
    }
}

#[peer_test]
async fn a_probe_that_takes_too_long_is_ended_and_told() {
    let script = r#"echo thinking; exec sleep 1000"#;
    let options = shell("exec sleep 1000", []).ready(Ready::Probe(("sh", ["-c", script])));
    // Longer than one probe may take.
    let error = refused(peer::start_link(options.wait_boot(WaitBoot::For(Duration::from_secs(6))))).await;
    assert!(error.is_timeout(), "{error}");
    says(&error, &["not ready within 6s", "the last one: not done within 5s: killed", "thinking"]);
}

#[peer_test]
async fn a_boot_that_takes_too_long_says_what_was_waited_for() {
    let folder = Folder::new();
    let stale = folder.path("stale");
    std::fs::write(&stale, "x").unwrap();
    let port = peer::free_port().unwrap();
    let never = PathBuf::from("/nowhere/ready");
    let probe = Ready::Probe(("sh", ["-c", "echo no quorum; exit 7"]));
    let cases: [(Ready, &[&str]); 6] = [
        (Ready::Line("Ready"), &["a line with \"Ready\" on its console"]),
        (Ready::Tcp(port), &[&format!("a listener on 127.0.0.1:{port}"), "Connection refused"]),
        (Ready::TcpAt([127, 0, 0, 2], port), &[&format!("a listener on 127.0.0.2:{port}")]),
        (Ready::File(&never), &["the file \"/nowhere/ready\"", "No such file"]),
        (Ready::File(&stale), &["stale\"", "it is there, as it was before the program was started"]),
        (probe, &["exit status 0 of the probe (\"sh\",", "the last one: exit status 7", "no quorum"]),
    ];
    for (ready, said) in cases {
        let options = shell("echo starting; exec sleep 1000", []).ready(ready);
        let error = refused(peer::start_link(options.wait_boot(WaitBoot::For(SOON * 2)))).await;
        assert!(error.is_boot_failed() && error.is_timeout(), "{error}");
        assert_eq!(error.down_reason(), Some(&Reason::BootTimeout));
        says(&error, &["not ready within 600ms: waited for", "command line: sh -c", "`wait_boot`", "| starting"]);
        says(&error, said);
        assert!(!error.to_string().contains("closed its console"), "{error}");
    }
    // Not to be seen any more.
    let options = shell("exec >&- 2>&-; exec sleep 1000", []).ready(Ready::Line("Ready"));
    let error = refused(peer::start_link(options.wait_boot(WaitBoot::For(SOON)))).await;
    says(&error, &["a line with \"Ready\"", "it has closed its console"]);
}

#[peer_test]
async fn a_program_that_ends_before_it_is_ready_is_told_at_once() {
    let kinds = || {
        let probe = Ready::Probe(("sh", ["-c", "exec sleep 1000"]));
        [Ready::Line("Ready"), Ready::Tcp(peer::free_port().unwrap()), Ready::File("/nowhere/ready"), probe]
    };
    for ready in kinds() {
        let script = "echo no space left on device >&2; exit 3";
        let error = refused(peer::start_link(patient(shell(script, []).ready(ready)))).await;
        assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
        assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
        says(&error, &["ended before it was ready: exit status 3", "command line: sh -c", "| no space left on device"]);
    }
    for ready in kinds() {
        let error = refused(peer::start_link(patient(shell("kill -9 $$", []).ready(ready)))).await;
        assert_eq!(error.down_reason(), Some(&Reason::Killed(9)));
        says(&error, &["ended before it was ready: killed by signal 9"]);
    }
    let daemon = "echo going to the background; sleep 0 &";
    let error = refused(peer::start_link(patient(shell(daemon, []).ready(Ready::Line("Ready"))))).await;
    says(&error, &["exit status 0", "stay in the foreground"]);
}

#[peer_test]
async fn nobody_is_told_who_did_not_ask() -> peer::Result {
    let options = shell("exit 3", []).ready(Ready::Line("Ready")).wait_boot(WaitBoot::No);
    assert_eq!(gone(&peer::start_link(options).await?).await, Reason::Exited(3));
    let mut boots = BootNotices::new();
    let options = shell("exit 4", []).ready(Ready::Line("Ready")).wait_boot(boots.tagged("server"));
    let peer = peer::start_link(options).await?;
    assert!(boots.recv().await?.outcome.unwrap_err().is_boot_failed());
    assert_eq!(gone(&peer).await, Reason::Exited(4));
    Ok(())
}

#[peer_test]
async fn what_cannot_be_executed_is_told_at_once() {
    let folder = Folder::new();
    let (plain, none) = (folder.path("plain"), folder.path("none"));
    std::fs::write(&plain, "no program").unwrap();
    let cases =
        [("peer-test-no-such-program", "installed"), (text(&none), "installed"), (text(&plain), "may not be executed")];
    for (program, said) in cases {
        let options = StartOptions::new().program(program).ready(Ready::Line("Ready"));
        let error = refused(peer::start_link(patient(options))).await;
        assert!(error.is_boot_failed() && error.down_reason().is_none(), "{error}");
        says(&error, &[program, "cannot be executed", "`program`", said]);
        // The same of a probe: no other run of it could do better.
        let options = shell("exec sleep 1000", []).ready(Ready::Probe(program));
        let error = refused(peer::start_link(patient(options))).await;
        assert!(error.is_boot_failed(), "{error}");
        says(&error, &["the probe", program, "cannot be executed", "the program was stopped"]);
    }
}
