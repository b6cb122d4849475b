//! Whether nextest runs this process.

/// Whether it does.
pub(crate) fn is_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// Whether each test has a process of its own. Older versions of nextest do not say so.
pub(crate) fn is_process_per_test() -> bool {
    match std::env::var_os("NEXTEST_EXECUTION_MODE") {
        Some(mode) => mode == "process-per-test",
        None => is_nextest(),
    }
}
