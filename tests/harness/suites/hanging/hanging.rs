//! Tests that hang, awaiting and blocking their threads, each with a node that has a child, some that pass beside them, and one that
//! ends the whole process.

use std::io::Write;
use std::process::Command;

use peer::prelude::*;

/// Says that a test has begun, in one write, so that lines do not mix.
fn begun(name: &str) {
    let Some(path) = std::env::var_os("TRACE") else { return };
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(format!("{name}\n").as_bytes()).unwrap();
}

#[remote]
#[expect(clippy::zombie_processes, reason = "what ends the node ends it")]
fn has_a_child() {
    Command::new("sleep").arg("1000").spawn().unwrap();
}

#[remote]
async fn never_answers() {
    std::future::pending().await
}

#[peer_test(nodes = 1)]
async fn passes(nodes: Nodes) {
    assert_eq!(nodes[0].state(), PeerState::Running);
}

#[peer_test(nodes = 1)]
async fn passes_too(nodes: Nodes) {
    assert_eq!(nodes[0].state(), PeerState::Running);
}

async fn awaits(name: &str, node: &Peer) -> peer::Result {
    node.call(has_a_child, ()).await?;
    begun(name);
    node.call(never_answers, ()).timeout(peer::UNLIMITED).await?;
    Ok(())
}

async fn blocks(name: &str, nodes: Nodes) -> peer::Result {
    nodes[0].call(has_a_child, ()).await?;
    begun(name);
    park()
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

mod with_a_limit {
    use super::*;

    #[peer_test(nodes = 1, timetrap = "3s")]
    async fn awaits(nodes: Nodes) -> peer::Result {
        super::awaits("awaits", &nodes[0]).await
    }

    #[peer_test(nodes = 1, timetrap = "3s")]
    async fn blocks(nodes: Nodes) -> peer::Result {
        super::blocks("blocks", nodes).await
    }
}

mod without_one {
    use super::*;

    #[peer_test(nodes = 1, timetrap = "off")]
    async fn awaits(nodes: Nodes) -> peer::Result {
        super::awaits("awaits", &nodes[0]).await
    }

    #[peer_test(nodes = 1, timetrap = "off")]
    async fn blocks(nodes: Nodes) -> peer::Result {
        super::blocks("blocks", nodes).await
    }
}

#[remote]
fn has_a_stop_hook_that_hangs() {
    peer::node::on_stop(|| park());
}

/// Its node is given more time to stop than anybody waits.
#[peer_test(timetrap = "off")]
async fn has_a_node_that_does_not_stop() -> peer::Result {
    let shutdown = Shutdown::Graceful(std::time::Duration::from_secs(300));
    let node = ct_peer!({ shutdown: shutdown }).await?;
    node.call(has_a_stop_hook_that_hangs, ()).await?;
    awaits("awaits", &node).await
}

/// Five levels, one in the other, whose ends block their threads.
#[peer_group(timetrap = "off")]
mod ends_block {
    use super::*;

    #[end_per_group]
    async fn end_per_group() {
        park()
    }

    #[peer_group]
    mod two {
        use super::*;

        #[end_per_group]
        async fn end_per_group() {
            park()
        }

        #[peer_group]
        mod three {
            use super::*;

            #[end_per_group]
            async fn end_per_group() {
                park()
            }

            #[peer_group]
            mod four {
                use super::*;

                #[end_per_group]
                async fn end_per_group() {
                    park()
                }

                #[end_per_testcase]
                async fn end_per_testcase() {
                    park()
                }

                #[peer_test(nodes = 1)]
                async fn blocks(nodes: Nodes) -> peer::Result {
                    super::blocks("blocks", nodes).await
                }
            }
        }
    }
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/runners: it ends the whole process"]
#[expect(clippy::disallowed_methods, reason = "it is what is tried")]
async fn exits(nodes: Nodes) -> peer::Result {
    nodes[0].call(has_a_child, ()).await?;
    std::process::exit(0)
}
