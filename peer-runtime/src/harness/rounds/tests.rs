//! How many tests are done, as reporters hear it: never more than there are, and all of them in the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::engine::{Engine, Options};
use super::super::event::{Event, Reporter};
use super::super::fault::Fault;
use super::super::groups::{Group, Hook, Moment, Repeat, Until};
use super::super::interrupt::Interrupts;
use super::super::plan::{Branch, Item, Plan};
use super::super::tests::{Body, Test};
use crate::failure::Failure;
use crate::registry::Place;

const PLACE: Place = Place { file: "suite.rs", line: 3, column: 1, written: (3, 1) };

static ONE: Test = Test::PASSES;
static TWICE: Test = Test { name: "twice", repeat: Repeat { rounds: 2, until: None }, ..Test::PASSES };
static NEVER: Test = Test { name: "never", repeat: Repeat { rounds: 0, until: None }, ..Test::PASSES };
static IGNORED: Test = Test { name: "ignored", ignore: Some("slow"), ..Test::PASSES };
static FAILS: Test = Test {
    name: "fails",
    retries: 1,
    repeat: Repeat { rounds: 5, until: Some(Until::AnyFail) },
    body: Body::Here(|_| Box::pin(async { Err(Fault::Failed(Failure::from("no quorum"))) })),
    ..Test::PASSES
};

const GROUP: Group = Group {
    module: "suite::rounds",
    place: PLACE,
    sequence: false,
    shuffle: false,
    seed: None,
    repeat: Repeat::ONCE,
    timetrap: None,
    weight: None,
};

static ONCE: Group = GROUP;
const THREE_TIMES: Group = Group { repeat: Repeat { rounds: 3, until: None }, ..GROUP };
static THRICE: Group = THREE_TIMES;
static NO_ROUND: Group = Group { repeat: Repeat { rounds: 0, until: None }, ..GROUP };
static UNTIL_ONE_FAILS: Group = Group { repeat: Repeat { rounds: 9, until: Some(Until::AnyFail) }, ..GROUP };
static SEQUENCE: Group = Group { sequence: true, ..THREE_TIMES };

static FAILING_INIT: Hook = Hook {
    module: "suite::rounds",
    moment: Moment::InitPerGroup,
    place: PLACE,
    wants: &[],
    gives: None,
    run: |_| Box::pin(async { Err(Fault::Failed(Failure::from("no disk"))) }),
};

fn branch(group: Option<&'static Group>, items: Vec<Item>) -> Branch {
    Branch { group, init: None, end: None, init_case: None, end_case: None, items }
}

fn group(group: &'static Group, items: Vec<Item>) -> Item {
    Item::Group(branch(Some(group), items))
}

/// What was heard: how many tests there are, and how many were done after each event.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<(usize, Vec<usize>)>>);

impl Reporter for Counts {
    fn hear(&mut self, event: &Event<'_>) {
        let mut heard = self.0.lock().expect("nobody panics");
        let done = heard.1.last().copied().unwrap_or_default();
        match event {
            Event::Begun { tests, .. } => heard.0 = *tests,
            Event::Finished(finished) => heard.1.push(done + usize::from(finished.is_over())),
            Event::Over { tests } => heard.1.push(done + tests),
            _ => {}
        }
    }
}

/// How many tests there are, and how many of them were done after each result.
fn counted(items: Vec<Item>) -> (usize, Vec<usize>) {
    let options = Options {
        slots: 1,
        live: false,
        ignored: false,
        shuffle: false,
        seed: 0,
        seeded: false,
        timetrap: Duration::from_secs(60),
        factor: 1,
        filtered: 0,
    };
    let counts = Counts::default();
    let plan = Plan { suite: branch(None, items), init: None, end: None };
    Engine::new(options, Interrupts::default(), Box::new(counts.clone())).run(&plan);
    counts.0.lock().expect("nobody panics").clone()
}

#[test]
fn a_test_is_done_after_its_last_round() {
    assert_eq!(counted(vec![Item::Test(&ONE), Item::Test(&TWICE)]), (2, vec![1, 1, 2]));
    // Its condition is met in the first round of five.
    assert_eq!(counted(vec![Item::Test(&FAILS)]), (1, vec![1]));
    assert_eq!(counted(vec![Item::Test(&NEVER), Item::Test(&IGNORED)]), (2, vec![1, 2]));
}

#[test]
fn a_test_of_a_group_is_done_after_the_last_round_of_both() {
    let thrice = group(&THRICE, vec![Item::Test(&ONE), Item::Test(&TWICE)]);
    assert_eq!(counted(vec![thrice]), (2, vec![0, 0, 0, 0, 0, 0, 1, 1, 2]));
    let nested = group(&THRICE, vec![group(&ONCE, vec![group(&THRICE, vec![Item::Test(&ONE)])])]);
    assert_eq!(counted(vec![nested]), (1, vec![0, 0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(counted(vec![group(&NO_ROUND, vec![Item::Test(&ONE), Item::Test(&TWICE)])]), (2, vec![2]));
}

#[test]
fn where_rounds_end_early_all_below_is_done() {
    let until = || group(&UNTIL_ONE_FAILS, vec![Item::Test(&ONE), Item::Test(&FAILS)]);
    assert_eq!(counted(vec![until()]), (2, vec![0, 0, 2]));
    let (tests, done) = counted(vec![group(&THRICE, vec![until(), Item::Test(&ONE)]), Item::Test(&ONE)]);
    assert_eq!((tests, done), (4, vec![0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4]));
    let mut init = branch(Some(&THRICE), vec![Item::Test(&ONE), group(&THRICE, vec![Item::Test(&TWICE)])]);
    init.init = Some(&FAILING_INIT);
    // The init, and then what was skipped.
    assert_eq!(counted(vec![Item::Group(init)]), (2, vec![0, 0, 0, 2]));
}

#[test]
fn what_a_sequence_leaves_out_is_done() {
    let broken = group(&SEQUENCE, vec![Item::Test(&FAILS), Item::Test(&TWICE), Item::Test(&IGNORED)]);
    assert_eq!(counted(vec![broken]), (3, vec![0, 0, 0, 0, 0, 0, 1, 2, 3]));
    let only_ignored = group(&THRICE, vec![Item::Test(&IGNORED)]);
    assert_eq!(counted(vec![only_ignored]), (1, vec![1]));
}
