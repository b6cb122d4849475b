//! The runtimes in which tests and hooks run, in the origin and in nodes.

use super::tests::Flavor;

/// Which runtime somebody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) flavor: Flavor,
    pub(super) worker_threads: Option<usize>,
}

/// A runtime of this kind, each further thread of which begins with `begin`.
pub(super) fn runtime(
    kind: Kind,
    begin: impl Fn() + Send + Sync + 'static,
) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match kind.flavor {
        Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = kind.worker_threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().on_thread_start(begin).build()
}
