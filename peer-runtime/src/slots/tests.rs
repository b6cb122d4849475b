//! The budget with real processes and threads.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use super::*;

const DEADLINE: Duration = Duration::from_secs(30);

const DIRECTORY: &str = "PEER_TEST_SLOTS";

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(crate::name::random_name("peer-slots"));
        private_dir::create(&path).unwrap();
        Self(path)
    }

    fn slots(&self, budget: u32) -> Slots {
        Slots::open(&self.0, budget).unwrap()
    }

    fn child(&self, test: &str) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", &format!("slots::tests::{test}"), "--nocapture"]);
        command.env(DIRECTORY, &self.0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn slots_of_parent(budget: u32) -> Slots {
    Slots::open(Path::new(&std::env::var_os(DIRECTORY).unwrap()), budget).unwrap()
}

fn take(slots: &Slots, weight: u32) -> Taken {
    slots.take(weight, &Cancel::new().unwrap(), &mut |_| {}).unwrap().expect("not cancelled")
}

#[track_caller]
fn within<T: Send + 'static>(what: &str, wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(wait()));
    result.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("waited for {what}: {error}"))
}

#[test]
#[ignore = "run by other tests here: takes all slots, and has a child with a copy of one descriptor"]
fn driven_holder() {
    let taken = take(&slots_of_parent(2), 2);
    let copy = taken.locks[1].as_fd().try_clone_to_owned().unwrap();
    let mut child = Command::new("sleep").arg("1000").stdin(copy).stdout(Stdio::null()).spawn().unwrap();
    println!("ready {}", child.id());
    child.wait().unwrap();
}

#[test]
fn the_death_of_a_holder_is_a_release() {
    let folder = Folder::new();
    let slots = Arc::new(folder.slots(2));
    let mut holder = folder.child("driven_holder");
    let lines = BufReader::new(holder.stdout.as_mut().unwrap()).lines();
    let sleeper = lines.map_while(Result::ok).find_map(|line| line.split_once("ready ").map(|(_, pid)| pid.to_owned()));
    let waiting = Arc::clone(&slots);
    let one = thread::spawn(move || take(&waiting, 1));
    holder.kill().unwrap();
    holder.wait().unwrap();
    let one = within("a slot of the dead process", move || one.join()).unwrap();
    // A child between fork and exec has copies of all descriptors; this one keeps its copy.
    assert!(Lock::try_take(&slots.files[1]).unwrap().is_none());
    let waiting = Arc::clone(&slots);
    let other = thread::spawn(move || take(&waiting, 1));
    assert!(Command::new("kill").args(["-s", "KILL", &sleeper.unwrap()]).status().unwrap().success());
    drop((one, within("the slot of the child", move || other.join()).unwrap()));
    assert_eq!(within("both slots", move || take(&slots, 2)).locks.len(), 2);
}

#[test]
fn an_exclusive_test_gets_its_turn_while_others_keep_coming() {
    let folder = Folder::new();
    // Its budget is smaller than that of the others.
    let (slots, few) = (Arc::new(folder.slots(4)), Arc::new(folder.slots(2)));
    let (enough, held) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let light: Vec<_> = (0..5)
        .map(|_| {
            let (slots, enough, held) = (Arc::clone(&slots), Arc::clone(&enough), Arc::clone(&held));
            thread::spawn(move || {
                while !enough.load(Ordering::SeqCst) {
                    let _one = take(&slots, 1);
                    held.fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    held.fetch_sub(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for _ in 0..20 {
        let few = Arc::clone(&few);
        let all = within("all slots", move || take(&few, ALONE));
        assert_eq!((all.locks.len(), held.load(Ordering::SeqCst)), (256, 0));
    }
    enough.store(true, Ordering::SeqCst);
    for thread in light {
        within("a light test", move || thread.join()).unwrap();
    }
}

#[test]
fn a_cancelled_wait_ends_and_holds_nothing() {
    let folder = Folder::new();
    let slots = Arc::new(folder.slots(3));
    let one = take(&slots, 1);
    let cancel = Arc::new(Cancel::new().unwrap());
    // One of them waits for slots, the others for the turn.
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (slots, cancel) = (Arc::clone(&slots), Arc::clone(&cancel));
            thread::spawn(move || slots.take(3, &cancel, &mut |_| {}).unwrap().is_none())
        })
        .collect();
    cancel.cancel();
    cancel.cancel();
    for thread in waiting {
        assert!(within("a cancelled wait", move || thread.join()).unwrap());
    }
    assert!(slots.take(1, &cancel, &mut |_| {}).unwrap().is_none(), "later ones, too");
    let others = within("the other slots", move || take(&slots, 2));
    drop((one, others));
}

#[test]
fn a_weight_is_at_least_one_and_at_most_the_budget() {
    let folder = Folder::new();
    let (few, many) = (folder.slots(2), folder.slots(4));
    for (weight, taken) in [(0, 1), (1, 1), (2, 2), (1000, 2)] {
        assert_eq!(take(&few, weight).locks.len(), taken, "weight {weight}");
    }
    // The smaller budget is a part of the larger one.
    let all = take(&few, 2);
    assert_eq!(take(&many, 2).locks.len(), 2);
    drop(all);
    let alone = take(&few, ALONE);
    assert!(Lock::try_take(&many.files[3]).unwrap().is_none(), "beyond the smaller budget");
    drop(alone);
    assert_eq!((folder.slots(0).budget, folder.slots(u32::MAX).budget), (1, 256));
}
