//! Who has arrived at which barrier, and when it is complete: no time, no threads, no nodes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::barrier::{AnswerFn, Broken, Members, Verdict, Who};
use crate::error::Break;

/// The most participants that may wait at the barriers of one scope.
const ROOM: usize = 65_536;

/// What those who wait receive, once nothing is locked any more.
pub(super) type Answers = Vec<(AnswerFn, Verdict)>;

/// The barriers of a scope at which a participant waits.
#[derive(Default)]
pub(super) struct Table {
    meetings: BTreeMap<String, Meeting>,
    /// Why nothing can arrive any more.
    pub(super) closed: Option<String>,
}

/// The participants that wait at one barrier.
pub(super) struct Meeting {
    pub(super) members: Members,
    pub(super) waiting: Vec<Waiting>,
}

pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) who: Who,
    /// Its name in texts.
    pub(super) label: String,
    /// The scope of the thread that arrived, if it is one of this process.
    pub(super) by: Option<u64>,
    pub(super) since: Instant,
    pub(super) answer: AnswerFn,
    pub(super) timer: Option<Timer>,
}

pub(super) struct Wait {
    pub(super) who: Who,
    pub(super) name: String,
    pub(super) time: Duration,
}

/// Times a wait out, unless it is dropped before.
pub(super) struct Timer(pub(super) AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Meeting {
    pub(super) fn answers(self, verdict: &Verdict) -> Answers {
        self.waiting.into_iter().map(|waiting| (waiting.answer, verdict.clone())).collect()
    }

    pub(super) fn has(&self, who: &Who) -> bool {
        self.waiting.iter().any(|waiting| waiting.who == *who)
    }

    pub(super) fn has_node(&self, node: &str) -> bool {
        self.waiting.iter().any(|waiting| waiting.who.is_node(node))
    }

    fn is_complete(&self, nodes: &[&str]) -> bool {
        match self.members {
            Members::Count(parties) => self.waiting.len() >= parties as usize,
            Members::All if !self.has(&Who::Origin) => false,
            Members::All | Members::Nodes => nodes.iter().all(|node| self.has_node(node)),
        }
    }
}

impl Table {
    /// One more arrives, where these are all nodes. Returns the answers; none if it waits.
    pub(super) fn arrive(&mut self, name: &str, members: Members, one: Waiting, nodes: &[&str]) -> Answers {
        if let Some(refused) = self.refusal(&one.who, name, members) {
            return vec![(one.answer, Verdict::Broken(refused))];
        }
        let meeting = self.meetings.entry(name.to_owned()).or_insert_with(|| Meeting { members, waiting: Vec::new() });
        let disagreement = (meeting.members != members).then(|| disagreement(meeting, &one.label, members));
        meeting.waiting.push(one);
        if disagreement.is_none() && !meeting.is_complete(nodes) {
            return Vec::new();
        }
        let verdict = disagreement.map_or(Verdict::Passed, Verdict::Broken);
        self.meetings.remove(name).map(|meeting| meeting.answers(&verdict)).unwrap_or_default()
    }

    fn refusal(&self, who: &Who, name: &str, members: Members) -> Option<Broken> {
        let refused = |text: &str| Broken::new(Break::Refused, text);
        if let Some(why) = &self.closed {
            return Some(Broken::new(Break::Ended, why));
        }
        if self.meetings.values().map(|meeting| meeting.waiting.len()).sum::<usize>() >= ROOM {
            return Some(refused("65,536 wait at barriers already"));
        }
        let counted = matches!(members, Members::Count(_));
        if *who == Who::Origin && members == Members::Nodes {
            let hint = "`.parties(n)`, here and in the nodes, counts whoever arrives";
            return Some(refused("it is a barrier among nodes, in which the origin takes no part").hint(hint));
        }
        if !counted && self.meetings.get(name).is_some_and(|meeting| meeting.members == members && meeting.has(who)) {
            let hint = "`.parties(n)` counts each of them";
            return Some(refused("the same participant waits at it already, and counts once").hint(hint));
        }
        None
    }

    pub(super) fn set_timer(&mut self, name: &str, who: &Who, id: u64, timer: Option<Timer>) {
        let meeting = self.meetings.get_mut(name);
        let waiting =
            meeting.and_then(|meeting| meeting.waiting.iter_mut().find(|one| one.id == id && one.who == *who));
        if let Some(waiting) = waiting {
            waiting.timer = timer;
        }
    }

    pub(super) fn withdraw(&mut self, who: &Who, id: u64) {
        for meeting in self.meetings.values_mut() {
            meeting.waiting.retain(|waiting| waiting.id != id || waiting.who != *who);
        }
        self.meetings.retain(|_, meeting| !meeting.waiting.is_empty());
    }

    /// The barrier at which this arrival waits.
    pub(super) fn take_with(&mut self, name: &str, who: &Who, id: u64) -> Option<Meeting> {
        let meeting = self.meetings.get(name)?;
        let waits = meeting.waiting.iter().any(|waiting| waiting.id == id && waiting.who == *who);
        if waits { self.meetings.remove(name) } else { None }
    }

    /// The barriers that cannot be passed without this node.
    pub(super) fn take_concerned(&mut self, node: &str) -> Vec<Meeting> {
        let is_concerned = |meeting: &Meeting| match meeting.members {
            Members::All | Members::Nodes => true,
            Members::Count(_) => meeting.has_node(node),
        };
        let all = self.take_all().into_iter();
        let (concerned, others): (BTreeMap<_, _>, BTreeMap<_, _>) = all.partition(|(_, meeting)| is_concerned(meeting));
        self.meetings = others;
        concerned.into_values().collect()
    }

    pub(super) fn take_all(&mut self) -> BTreeMap<String, Meeting> {
        std::mem::take(&mut self.meetings)
    }

    pub(super) fn waits(&self, matches: impl Fn(&Waiting) -> bool) -> Vec<Wait> {
        let all = self.meetings.iter().flat_map(|(name, meeting)| meeting.waiting.iter().map(move |one| (name, one)));
        let wait = |(name, one): (&String, &Waiting)| Wait {
            who: one.who.clone(),
            name: name.clone(),
            time: one.since.elapsed(),
        };
        all.filter(|(_, one)| matches(one)).map(wait).collect()
    }
}

fn disagreement(meeting: &Meeting, label: &str, members: Members) -> Broken {
    let mut said: Vec<String> =
        meeting.waiting.iter().map(|one| format!("{} says {}", one.label, described(meeting.members))).collect();
    said.push(format!("{label} says {}", described(members)));
    let text = format!("those who arrive do not agree on who takes part:\n{}", said.join("\n"));
    Broken::new(Break::Refused, text).hint("say the same on all sides")
}

fn described(members: Members) -> String {
    match members {
        Members::All => "all nodes and the origin".to_owned(),
        Members::Nodes => "all nodes".to_owned(),
        Members::Count(parties) => format!("`.parties({parties})`"),
    }
}
