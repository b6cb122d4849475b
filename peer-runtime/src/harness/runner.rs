//! What runs this process, as far as that says so: nextest does.

/// Whether it is nextest.
pub(super) fn under_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// Whether each test has a process of its own, as it has under nextest, which says so; older ones only say that it is they.
pub(super) fn has_own_process() -> bool {
    match std::env::var_os("NEXTEST_EXECUTION_MODE") {
        Some(mode) => mode == "process-per-test",
        None => under_nextest(),
    }
}
