//! The tokio runtimes of tests and hooks, in the origin and in nodes.

/// Which runtime a body gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// One thread, as in `#[tokio::test]`.
    CurrentThread,
    /// Several threads.
    MultiThread,
}

/// How a runtime is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimeSpec {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<usize>,
}

impl RuntimeSpec {
    /// Builds it; each further thread begins with `on_start`.
    pub(crate) fn build(self, on_start: impl Fn() + Send + Sync + 'static) -> std::io::Result<tokio::runtime::Runtime> {
        let mut builder = match self.flavor {
            Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
            Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
        };
        if let Some(threads) = self.worker_threads {
            builder.worker_threads(threads);
        }
        builder.enable_all().on_thread_start(on_start).build()
    }
}
