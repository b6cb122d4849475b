//! `current_dir`, of every kind of peer.

use std::path::{Path, PathBuf};

use super::*;

#[remote]
fn folder() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[remote]
fn first_argument() -> Option<std::ffi::OsString> {
    std::env::args_os().next()
}

#[peer_test]
async fn every_kind_of_peer_starts_where_it_is_told_to() -> peer::Result {
    let at = Folder::new();
    let path = at.path("");
    let path = path.components().as_path();
    for connection in [Connection::StandardIo, Connection::Tcp(0)] {
        let node = ct_peer!({ current_dir: path, connection: connection }).await?;
        assert_eq!(node.call(folder, ()).await?, path);
        says(node.options(), &[&format!("current_dir: {path:?}")]);
        let exe = std::env::current_exe()?.into_os_string();
        let node = ct_peer!({ exec: ("env", [exe]), current_dir: path.to_owned(), connection: connection }).await?;
        assert_eq!(node.call(folder, ()).await?, path);
    }
    let program = ct_peer!({ program: "pwd", current_dir: path, ready: Ready::Line("/") }).await;
    let said = match program {
        Ok(program) => {
            gone(&program).await;
            last_words(&program).await
        }
        // It may end before its line is seen.
        Err(error) => error.to_string(),
    };
    says(said, &[path.to_str().unwrap()]);
    let here = ct_peer!().await?;
    assert_eq!(here.call(folder, ()).await?, std::env::current_dir()?);
    Ok(())
}

/// In a process of its own, whose directory is the test's to choose.
#[peer_test]
#[ignore = "run by `relative_paths_are_the_origins`"]
async fn driven_relative() -> peer::Result {
    let root = std::env::current_dir()?;
    let node = ct_peer!({ current_dir: "sub" }).await?;
    assert_eq!(node.call(folder, ()).await?, root.join("sub"));
    says(node.options(), &[&format!("current_dir: {:?}", root.join("sub"))]);
    // `program` is the origin's, and there is none in `sub`.
    assert!(!Path::new("sub/program").exists());
    let program = ct_peer!({ program: "./program", current_dir: "sub", args: ["1000"] }).await?;
    assert_eq!(std::fs::read_link(format!("/proc/{}/cwd", program.os_pid()))?, root.join("sub"));
    ct_peer!({ program: "./program", args: ["1000"] }).await?;
    ct_peer!({ program: "sleep", args: ["1000"], current_dir: "sub", ready: Ready::Probe(("./program", ["0"])) })
        .await?;
    Ok(())
}

#[test]
fn relative_paths_are_the_origins() {
    let at = Folder::new();
    std::fs::create_dir(at.path("sub")).unwrap();
    let sleep = run(command("sh").args(["-c", "command -v sleep"])).passed().stdout;
    std::os::unix::fs::symlink(sleep.trim(), at.path("program")).unwrap();
    run(driven!("driven_relative").current_dir(at.path(""))).passed();
}
