//! What runs until somebody interrupts it.

use peer::prelude::*;

use crate::trace;

#[peer_test(nodes = 1)]
async fn awaits(nodes: Nodes) {
    trace(&format!("node {}", nodes[0].os_pid()));
    std::future::pending().await
}

#[peer_group(sequence)]
mod in_a_group {
    use super::*;

    struct Shared(Peer);

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Shared> {
        Ok(Shared(ct_peer!().await?))
    }

    #[end_per_group]
    async fn end_per_group(shared: &Shared) {
        trace(&format!("end_per_group {}", shared.0.os_pid()));
    }

    #[peer_test]
    async fn awaits_too(shared: &Shared) {
        trace(&format!("node {}", shared.0.os_pid()));
        std::future::pending().await
    }

    #[peer_test]
    async fn does_not_run() {
        trace("does_not_run");
    }
}

#[peer_group(sequence)]
mod before_others {
    use super::*;

    #[peer_test(nodes = 1)]
    async fn awaits_first(nodes: Nodes) {
        trace(&format!("node {}", nodes[0].os_pid()));
        std::future::pending().await
    }

    #[peer_group]
    mod the_next {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            trace("an init after the interrupt");
            std::future::pending().await
        }

        #[end_per_group]
        async fn end_per_group() {
            trace("an end after the interrupt");
        }

        #[peer_test]
        async fn does_not_run_either() {}
    }
}

#[peer_group]
mod before_a_third {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        trace("another init after the interrupt");
        std::future::pending().await
    }

    #[peer_test]
    async fn nor_does_this() {}

    #[peer_test]
    #[ignore = "whether the run is interrupted or not"]
    async fn is_ignored() {}
}

#[peer_group]
mod ignores_it {
    use super::*;

    #[peer_test]
    async fn blocks_its_thread() {
        trace("node 0");
        loop {
            std::thread::park();
        }
    }
}

#[peer_group(sequence)]
mod given_up_before_it {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase() {
        trace("end_per_testcase");
    }

    #[peer_test(nodes = 1, timetrap = "300ms")]
    async fn blocks_its_thread_too(nodes: Nodes) {
        trace(&format!("node {}", nodes[0].os_pid()));
        loop {
            std::thread::park();
        }
    }
}

#[peer_group(sequence)]
mod its_end_hangs {
    use super::*;

    #[end_per_group]
    async fn end_per_group() {
        trace("end_per_group");
        std::future::pending().await
    }

    #[peer_test(nodes = 1)]
    async fn awaits(nodes: Nodes) {
        trace(&format!("node {}", nodes[0].os_pid()));
        std::future::pending().await
    }
}

#[peer_group]
mod in_an_init {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result {
        let node = ct_peer!().await?;
        trace(&format!("node {}", node.os_pid()));
        std::future::pending().await
    }

    #[peer_test]
    async fn is_below_it() {}

    #[peer_test]
    async fn is_below_it_too() {}
}
