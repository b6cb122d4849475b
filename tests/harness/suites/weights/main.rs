//! Groups that hold slots, under `peer::main!()`: run by tests/harness/slots.rs, and by nothing else.
#![allow(missing_docs, clippy::unwrap_used, clippy::unused_async, clippy::print_stderr, reason = "tests")]

mod weights;

use peer::prelude::*;

/// A group within another one waits for the room of that, and the run is interrupted.
#[peer_group(weight = 1)]
mod interrupted {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {}

    #[end_per_group]
    async fn end_per_group() {
        eprintln!("the end ran");
    }

    #[peer_test(weight = 2)]
    async fn interrupts() {
        if std::env::var_os("INTERRUPT").is_some() {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT).unwrap();
            std::future::pending::<()>().await;
        }
    }

    #[peer_group(weight = 1)]
    mod within {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            eprintln!("the init within ran");
        }

        #[peer_test]
        async fn waits() {}
    }
}

peer::main!();
