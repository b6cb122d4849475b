//! Groups that share nodes, each of which counts: tests/harness/slots.rs runs them with a budget of four, and counts.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use peer::prelude::*;

struct Cluster(Vec<Peer>);
struct Inner(Vec<Peer>);

/// Counts the nodes of this budget that are alive, this one among them, and works for a while beside the others.
#[remote]
#[expect(clippy::disallowed_methods, reason = "it is to take its time")]
pub(crate) fn works() {
    let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").unwrap());
    let nodes = folder.join("nodes");
    std::fs::create_dir_all(&nodes).unwrap();
    std::fs::write(nodes.join(std::process::id().to_string()), "").unwrap();
    let entries = std::fs::read_dir(&nodes).unwrap().flatten();
    let alive = entries.filter(|entry| Path::new("/proc").join(entry.file_name()).exists()).count();
    let mut counted = std::fs::File::options().append(true).create(true).open(folder.join("counted")).unwrap();
    counted.write_all(format!("{alive}\n").as_bytes()).unwrap();
    // busy: others begin meanwhile, if they may.
    std::thread::sleep(Duration::from_millis(100));
}

async fn boot(count: usize) -> peer::Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(ct_peer!().await?);
    }
    Ok(peers)
}

async fn work(nodes: &[Peer], others: &[Peer]) -> peer::Result {
    let _beside = Beside::begin();
    let mut calls = tokio::task::JoinSet::new();
    for node in nodes.iter().chain(others) {
        calls.spawn(node.call(works, ()));
    }
    while let Some(worked) = calls.join_next().await {
        worked??;
    }
    Ok(())
}

/// A file that is there while a test runs.
struct Beside(PathBuf);

impl Beside {
    fn folder() -> PathBuf {
        let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").unwrap()).join("beside");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn begin() -> Self {
        let file = Self::folder().join(peer::random_name("test"));
        std::fs::write(&file, "").unwrap();
        Self(file)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Two of four are the group's, in each round; its tests have the others.
#[peer_group(weight = 2, repeat = 2)]
mod pair {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(boot(2).await?))
    }

    #[end_per_group]
    async fn end_per_group(cluster: &Cluster) -> peer::Result {
        work(&cluster.0, &[]).await
    }

    #[peer_test]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn none(cluster: &Cluster) -> peer::Result {
        work(&cluster.0, &[]).await
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn one(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn another(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }
}

/// All four are in use in the innermost one.
#[peer_group(weight = 1)]
mod outer {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(boot(1).await?))
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn before(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }

    #[peer_group(weight = 1, sequence)]
    mod inner {
        use super::*;

        #[init_per_group]
        async fn init_per_group() -> peer::Result<Inner> {
            Ok(Inner(boot(1).await?))
        }

        #[peer_test(nodes = 2)]
        #[ignore = "run by tests/harness/slots.rs"]
        async fn two(inner: &Inner, nodes: Nodes) -> peer::Result {
            work(&inner.0, &nodes).await
        }

        /// Hooks without a weight find a slot here as well.
        #[peer_group]
        mod innermost {
            use super::*;

            #[init_per_group]
            async fn init_per_group() {}

            #[peer_test(nodes = 1)]
            #[ignore = "run by tests/harness/slots.rs"]
            async fn one(inner: &Inner, nodes: Nodes) -> peer::Result {
                work(&inner.0, &nodes).await
            }
        }
    }

    #[peer_test(nodes = 3)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn after(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }
}

/// Nothing runs beside one of its tests, and so nothing beside the group.
#[peer_group(weight = 1)]
mod alone {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(boot(1).await?))
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn before(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }

    #[peer_test(nodes = 1, exclusive)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn exclusive(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        let beside = || std::fs::read_dir(Beside::folder()).unwrap().count();
        assert_eq!(beside(), 0, "tests run beside it");
        work(&cluster.0, &nodes).await?;
        assert_eq!(beside(), 0, "tests began beside it");
        Ok(())
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn after(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }
}

/// More than there is, so that these nodes are not within the budget: it runs all the same.
#[peer_group(weight = 3)]
mod heavy {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(boot(1).await?))
    }

    #[peer_test(nodes = 3)]
    #[ignore = "run by tests/harness/slots.rs"]
    async fn three(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        work(&cluster.0, &nodes).await
    }

    #[peer_group(weight = 1000)]
    mod heavier {
        use super::*;

        #[init_per_group]
        async fn init_per_group() -> peer::Result<Inner> {
            Ok(Inner(boot(1).await?))
        }

        #[peer_test(nodes = 2)]
        #[ignore = "run by tests/harness/slots.rs"]
        async fn two(inner: &Inner, nodes: Nodes) -> peer::Result {
            work(&inner.0, &nodes).await
        }

        #[peer_test(exclusive)]
        #[ignore = "run by tests/harness/slots.rs"]
        async fn exclusive(inner: &Inner) -> peer::Result {
            work(&inner.0, &[]).await
        }
    }
}
