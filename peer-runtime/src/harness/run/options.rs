//! What the command line and the environment ask of a run.

/// How a plan is to be run.
pub(crate) struct Options {
    /// How many nodes of this run there may be at once.
    pub(crate) slots: u32,
    /// Whether output is shown at once.
    pub(crate) live: bool,
    /// Whether results keep the output of tests that pass.
    pub(crate) keeps_output: bool,
    /// Whether ignored tests run, too.
    pub(crate) ignored: bool,
    /// Whether everything but sequences runs in a random order.
    pub(crate) shuffle: bool,
    /// Decides random orders.
    pub(crate) seed: u64,
    /// Whether the user chose the seed, which then replaces those of groups.
    pub(crate) seeded: bool,
    /// What every time limit is multiplied by.
    pub(crate) factor: u32,
    pub(crate) filtered: usize,
    /// In a process for one test of a sequence: how many tests before it did not run.
    pub(crate) missing_before: usize,
}
