//! Groups with a directory, whose hooks fail. Where it is differs from run to run: tests/harness/reports.rs looks for it.

use peer::prelude::*;

use crate::trace;

fn own_directory() -> peer::Result {
    trace(&peer::priv_dir()?.display().to_string());
    Ok(())
}

#[peer_group]
mod of_an_init {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result {
        own_directory()?;
        Err("as it has to")?
    }

    #[peer_test]
    async fn is_skipped() {}
}

#[peer_group]
mod of_an_end {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result {
        own_directory()
    }

    #[end_per_group]
    async fn end_per_group() -> peer::Result {
        Err("as it has to")?
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_group]
mod of_a_test {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() -> peer::Result {
        own_directory()?;
        Err("as it has to")?
    }

    #[peer_test]
    async fn is_skipped() {}
}

#[peer_group]
mod of_none {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result {
        trace("none");
        Err("as it has to")?
    }

    #[peer_test]
    async fn is_skipped() {}
}
