//! What tests and hooks take: parameters by type, as axum's extractors.

use super::fixture::{Fixtures, Kind};
use super::moment::Moment;
use super::rank::Rank;
use super::status::TestStatus;
use crate::scope::Nodes;

/// All that a test or a hook can take.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The nodes of a test.
    pub nodes: Option<Nodes>,
    /// The rank, in a body that runs everywhere.
    pub rank: Option<Rank>,
    /// What the inits above returned.
    pub fixtures: Fixtures,
    /// The status of the test, for `end_per_testcase`.
    pub status: Option<TestStatus>,
}

/// What one parameter requires.
#[derive(Clone, Copy, Debug)]
pub enum Requirement {
    /// The nodes of the test.
    Nodes,
    /// The rank of the node.
    Rank,
    /// The status of the test.
    Status,
    /// A fixture of this type.
    Fixture(Kind),
}

/// A function that takes inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A test whose body runs in the process of the test.
    Test {
        /// Whether it has the argument `nodes = N`.
        has_nodes: bool,
    },
    /// A test whose body runs in its nodes.
    Everywhere,
    /// A hook.
    Hook(Moment),
}

/// A type of parameter.
#[diagnostic::on_unimplemented(
    message = "tests and hooks cannot take a parameter of type `{Self}`",
    label = "no input has this type",
    note = "take a fixture as `&T`, where an init above returns a `T`; `Nodes`, `Rank` and `TestStatus` by value"
)]
pub trait FromInputs<'a>: Sized {
    /// What it requires.
    const REQUIRES: Requirement;

    /// Picks it out.
    ///
    /// # Panics
    /// If it is not there. The compiler and the check of the plan reject that before anything runs.
    fn from_inputs(inputs: &'a Inputs) -> Self;
}

impl FromInputs<'_> for Nodes {
    const REQUIRES: Requirement = Requirement::Nodes;

    fn from_inputs(inputs: &Inputs) -> Self {
        inputs.nodes.clone().expect("a function that takes nodes has nodes")
    }
}

impl FromInputs<'_> for Rank {
    const REQUIRES: Requirement = Requirement::Rank;

    fn from_inputs(inputs: &Inputs) -> Self {
        inputs.rank.clone().expect("a function that takes a rank has a rank")
    }
}

impl FromInputs<'_> for TestStatus {
    const REQUIRES: Requirement = Requirement::Status;

    fn from_inputs(inputs: &Inputs) -> Self {
        inputs.status.clone().expect("a function that takes a status has a status")
    }
}

impl<'a, T: Send + Sync + 'static> FromInputs<'a> for &'a T {
    const REQUIRES: Requirement = Requirement::Fixture(Kind::of::<T>());

    fn from_inputs(inputs: &'a Inputs) -> Self {
        inputs.fixtures.innermost().expect("an init above provides each fixture")
    }
}

impl Requirement {
    /// Generated code calls it for each parameter in a const, so that the compiler shows the parameter.
    #[track_caller]
    pub const fn check(self, role: Role) {
        match (self, role) {
            (Self::Nodes, Role::Test { has_nodes: true })
            | (Self::Rank, Role::Everywhere)
            | (Self::Status, Role::Hook(Moment::EndPerTestcase))
            | (Self::Fixture(_), Role::Test { .. } | Role::Hook(_)) => {}
            (Self::Nodes, Role::Test { .. }) => {
                panic!("a test that takes `Nodes` needs `nodes = N`: write `#[peer_test(nodes = 4)]`")
            }
            (Self::Nodes, Role::Hook(_)) => {
                panic!("a hook has no nodes: start them with `ct_peer!` in an init, and return them")
            }
            (Self::Rank, _) => {
                panic!("only a test that runs everywhere has a rank: write `#[peer_test(nodes = 3, everywhere)]`")
            }
            (Self::Status, _) => panic!("only `#[end_per_testcase]` takes a `TestStatus`: remove this parameter"),
            (_, Role::Everywhere) => {
                panic!(
                    "a test that runs everywhere takes its `Rank` alone, since it runs in the nodes: remove this parameter"
                )
            }
        }
    }

    /// Generated code calls it with the parameters of a test that has the argument `nodes = N`.
    #[track_caller]
    pub const fn check_nodes(parameters: &[Self]) {
        let mut index = 0;
        while index < parameters.len() {
            if matches!(parameters[index], Self::Nodes) {
                return;
            }
            index += 1;
        }
        panic!("no parameter takes these nodes: add `nodes: Nodes`, or remove `nodes = N`")
    }

    /// The type of the fixture that it requires, if it is one.
    pub(crate) fn fixture(self) -> Option<Kind> {
        match self {
            Self::Fixture(kind) => Some(kind),
            Self::Nodes | Self::Rank | Self::Status => None,
        }
    }
}
