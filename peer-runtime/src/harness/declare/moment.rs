//! The moments of a run at which hooks run.

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before everything.
    InitPerSuite,
    /// After everything.
    EndPerSuite,
    /// Before the first test of a group.
    InitPerGroup,
    /// After the last test of a group.
    EndPerGroup,
    /// Before each test.
    InitPerTestcase,
    /// After each test.
    EndPerTestcase,
}

impl Moment {
    /// It belongs to the target, and may stand in any module.
    pub(crate) fn is_of_suite(self) -> bool {
        matches!(self, Self::InitPerSuite | Self::EndPerSuite)
    }

    /// The name of the hook's attribute.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InitPerSuite => "init_per_suite",
            Self::EndPerSuite => "end_per_suite",
            Self::InitPerGroup => "init_per_group",
            Self::EndPerGroup => "end_per_group",
            Self::InitPerTestcase => "init_per_testcase",
            Self::EndPerTestcase => "end_per_testcase",
        }
    }
}
