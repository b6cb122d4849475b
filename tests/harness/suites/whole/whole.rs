//! Hooks of a whole target, and its time limit. What they do is chosen by the variable `SUITE`.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Says that something happens, in one write, so that lines do not mix.
fn trace(what: &str) {
    let Some(path) = std::env::var_os("TRACE") else { return };
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

#[remote]
fn alive() -> bool {
    true
}

#[remote]
fn crash() {
    peer::node::halt(5);
}

struct Registry(Peer);

/// Says that it runs, and then does what was chosen for it.
async fn act(what: &str) -> peer::Result {
    trace(what);
    let chosen = std::env::var("SUITE").unwrap_or_default();
    match chosen.strip_prefix(what).unwrap_or_default() {
        " fails" => Err("no license".into()),
        " skips" => peer::skip("no license here"),
        " hangs" => std::future::pending().await,
        " lacks room" => boot_without_descriptors().await,
        _ => Ok(()),
    }
}

/// The first time there are no descriptors left.
async fn boot_without_descriptors() -> peer::Result {
    static ATTEMPT: AtomicUsize = AtomicUsize::new(0);
    let limit = Rlimit { current: Some(1024), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit)?;
    let is_first = ATTEMPT.fetch_add(1, Ordering::Relaxed) == 0;
    let _all: Vec<File> = std::iter::from_fn(|| is_first.then(|| File::open("/dev/null").ok())?).collect();
    ct_peer!().await?;
    Ok(())
}

#[peer::init_per_suite]
async fn prepare() -> peer::Result<Registry> {
    let registry = Registry(ct_peer!({ peer_down: PeerDown::Crash }).await?);
    act("init_per_suite").await?;
    Ok(registry)
}

#[peer::end_per_suite]
async fn clean_up(registry: &Registry) -> peer::Result {
    act("end_per_suite").await?;
    trace(&format!("end_per_suite: {:?}", registry.0.state()));
    Ok(())
}

#[peer_test]
async fn before_the_group(registry: &Registry) -> peer::Result {
    if std::env::var("SUITE").is_ok_and(|chosen| chosen == "registry crashes") {
        registry.0.cast(crash, ());
        registry.0.gone().await;
        return Ok(());
    }
    assert!(registry.0.call(alive, ()).await?);
    act("test").await
}

#[peer_group(sequence)]
mod group {
    use super::*;

    #[init_per_group]
    async fn init_per_group(registry: &Registry) -> peer::Result {
        assert!(registry.0.call(alive, ()).await?);
        act("init_per_group").await
    }

    #[end_per_group]
    async fn end_per_group() -> peer::Result {
        act("end_per_group").await
    }

    #[peer_test]
    async fn nested(registry: &Registry) -> peer::Result {
        assert!(registry.0.call(alive, ()).await?);
        act("nested").await
    }

    /// Has time of its own.
    #[peer_group(timetrap = "300ms")]
    mod hurried {
        use super::*;

        #[peer_test]
        async fn hurries() -> peer::Result {
            act("hurries").await
        }

        #[peer_test(timetrap = "200ms")]
        async fn hurries_more() -> peer::Result {
            act("hurries_more").await
        }
    }
}
