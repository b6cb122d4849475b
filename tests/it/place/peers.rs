//! Directories of peers: a working directory for each, and what a node's own `priv_dir` is.

use super::*;

#[remote]
fn write(name: String, text: String) {
    std::fs::write(name, text).unwrap();
}

#[remote]
fn read(name: String) -> Option<String> {
    std::fs::read_to_string(name).ok()
}

#[peer_test]
async fn each_peer_works_in_its_own_directory_over_restarts() -> peer::Result {
    for connection in CONNECTIONS {
        let (one, other) = tokio::try_join!(
            ct_peer!({ own_dir: true, connection: connection }),
            ct_peer!({ own_dir: true, connection: connection }),
        )?;
        for peer in [&one, &other] {
            let own = peer::priv_dir()?.join(peer.name());
            assert_eq!(peer.call(folder, ()).await?, own);
            assert_eq!(peer.call(priv_dir, ()).await?, own);
            assert_eq!(mode(&own), 0o700);
            says(peer.options(), &["own_dir: true", &format!("current_dir: {own:?}")]);
            peer.call(write, ("data".to_owned(), peer.name().to_owned())).await?;
        }
        for peer in [&one, &other] {
            peer.kill().await?;
            peer.restart().await?;
            assert_eq!(peer.call(read, ("data".to_owned(),)).await?.as_deref(), Some(peer.name()));
        }
    }
    Ok(())
}

#[peer_test]
async fn a_program_that_is_no_node_has_one_too() -> peer::Result {
    let options = StartOptions::new().program("sh").args(["-c", "pwd > data; exec sleep 1000"]);
    let program =
        peer::start_link(options.name(peer::random_name("a/b")).own_dir(true).ready(Ready::File("data"))).await?;
    let own = std::fs::read_link(format!("/proc/{}/cwd", program.os_pid()))?;
    assert_eq!(own.parent(), Some(&*peer::priv_dir()?));
    // A name that is no name of a file becomes one.
    assert_eq!(own.file_name().unwrap(), &*program.name().replace('/', "%2F"));
    assert_eq!(std::fs::read_to_string(own.join("data"))?.trim(), own.to_str().unwrap());
    Ok(())
}

#[peer_test]
async fn it_is_one_or_the_other_directory() -> peer::Result {
    let error = ct_peer!({ own_dir: true, current_dir: "/" }).await.unwrap_err();
    assert!(error.is_bad_option());
    says(error, &["`current_dir`: \"/\"", "leave out `own_dir`, or `current_dir`"]);
    let peer = ct_peer!({ own_dir: false, current_dir: "/" }).await?;
    assert_eq!(peer.call(folder, ()).await?, PathBuf::from("/"));
    Ok(())
}

#[remote]
async fn of_its_peer() -> (PathBuf, String) {
    let peer = peer::start_link(()).await.unwrap();
    (peer.call(priv_dir, ()).await.unwrap(), peer.name().to_owned())
}

#[peer_test(nodes = 2)]
async fn a_node_has_a_part_of_the_directory_of_its_test(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        // Before the test itself has asked for anything, for the first of them.
        let own = node.call(priv_dir, ()).await?;
        assert_eq!(own, peer::priv_dir()?.join(node.name()));
        assert_eq!(mode(&own), 0o700);
        assert_eq!(node.call(folder, ()).await?, std::env::current_dir()?);
        node.restart().await?;
        // And its own peers have parts of that, also where it has asked for none itself.
        let (below, name) = node.call(of_its_peer, ()).await?;
        assert_eq!(below, own.join(name));
        assert_eq!(node.call(priv_dir, ()).await?, own);
    }
    Ok(())
}
