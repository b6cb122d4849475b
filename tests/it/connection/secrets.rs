//! What other users and other processes can see of a peer: no secret in arguments or environments, and nothing on disk.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use peer::prelude::*;

use crate::support::*;

/// A child of this node, and a child of that one.
#[remote]
#[expect(clippy::zombie_processes, reason = "it is the node's end that ends it")]
fn have_children() -> [u32; 2] {
    let mut shell = Command::new("sh");
    // It says its pid when it has been executed: before that it has no environment, for a moment.
    let script = "sh -c 'echo $$; sleep 1000; :' & wait";
    let mut child = shell.args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    [child.id(), line.trim().parse().unwrap()]
}

/// The words of `/proc/PID/cmdline` or `/proc/PID/environ`.
fn words(pid: u32, file: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
    let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    words.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// A process's environment as it was when it started, but for what a shell sets by itself.
fn environment(pid: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut variables: BTreeMap<_, _> = words(pid, "environ")
        .into_iter()
        .filter_map(|word| {
            let at = word.iter().position(|byte| *byte == b'=')?;
            Some((word[..at].to_vec(), word[at + 1..].to_vec()))
        })
        .collect();
    for shell in ["_", "PWD", "OLDPWD", "SHLVL"] {
        variables.remove(shell.as_bytes());
    }
    variables
}

#[peer_test]
async fn no_secret_in_arguments_or_environments() -> peer::Result {
    let own = environment(std::process::id());
    let exe = std::env::current_exe()?.as_os_str().as_bytes().to_vec();
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, args: ["--shard", "3"], env: [("SHARD", "3")] }).await?;
        let mut expected = own.clone();
        expected.insert(b"SHARD".to_vec(), b"3".to_vec());
        // Exactly what was asked for, and so no token.
        let arguments = [&exe[..], b"--peer-node=1:self", b"--shard", b"3"];
        assert_eq!(words(peer.os_pid(), "cmdline"), arguments);
        assert_eq!(environment(peer.os_pid()), expected);
        for pid in peer.call(have_children, ()).await? {
            assert_eq!(environment(pid), expected);
        }
        let keeper = parent(peer.os_pid()).unwrap();
        assert_eq!(words(keeper, "cmdline"), [&exe[..], b"--peer-keeper=1"]);
        assert_eq!(environment(keeper), own);
        peer.stop().await?;
    }
    Ok(())
}

/// The descriptors of a process that are open on something in the file system, or on memory with a name.
fn files(pid: u32) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let mut files: Vec<_> = targets.map(|target| target.display().to_string()).collect();
    // Pipes, sockets and the like have no path.
    files.retain(|target| target.starts_with('/') && target != "/dev/null" && !target.ends_with("/fd"));
    files.sort();
    files
}

#[peer_test]
#[ignore = "run by `nothing_but_private_locks_is_created_on_disk`"]
async fn driven_in_an_empty_folder() -> peer::Result {
    let before = files(std::process::id());
    let mut peers = Vec::new();
    for connection in CONNECTIONS {
        peers.push(ct_peer!({ connection: connection }).await?);
    }
    for peer in &peers {
        goes_on(peer).await;
        let keeper = parent(peer.os_pid()).unwrap();
        for pid in [peer.os_pid(), keeper] {
            let its = files(pid);
            assert!(its.iter().all(|file| before.contains(file)), "process {pid} has opened {its:?}");
        }
    }
    assert_eq!(files(std::process::id()), before);
    has_locks_alone(&std::env::current_dir()?);
    Ok(())
}

/// Asserts that there is nothing in a folder but the locks of the budget, which are nobody else's business and hold nothing.
fn has_locks_alone(folder: &Path) {
    let entries = |path: &Path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap()).collect::<Vec<_>>();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let found = entries(folder);
    assert_eq!(found.iter().map(|entry| entry.file_name()).collect::<Vec<_>>(), ["peer"]);
    assert_eq!(mode(&found[0].path()), 0o700);
    for lock in entries(&found[0].path()) {
        let name = lock.file_name().into_string().unwrap();
        assert!(name == "turn" || name.starts_with("slot-"), "{name}");
        assert!(lock.file_type().unwrap().is_fifo(), "{name}");
        assert_eq!(mode(&lock.path()), 0o600, "{name}");
    }
}

#[test]
fn nothing_but_private_locks_is_created_on_disk() {
    let folder = Folder::new();
    let empty = folder.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let mut run_there = driven!("driven_in_an_empty_folder");
    for variable in ["HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        run_there.env(variable, &empty);
    }
    run(run_there.current_dir(&empty)).passed();
    has_locks_alone(&empty);
}
