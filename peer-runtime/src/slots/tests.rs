//! The budget with real processes and threads.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use rand::Rng;

use super::*;

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// Where a child process finds the slots.
const DIRECTORY: &str = "PEER_TEST_SLOTS";

/// A directory that is removed with the test.
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

    /// Runs an ignored test of this executable in this directory.
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
#[ignore = "a child of another test: takes slots, and logs how many it has"]
fn driven_worker() {
    let (slots, log) = (slots_of_parent(4), Path::new(&std::env::var_os(DIRECTORY).unwrap()).join("log"));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut log: File = OpenOptions::new().append(true).open(&log).unwrap();
                for _ in 0..25 {
                    let taken = take(&slots, rand::rng().next_u32() % 6);
                    let weight = taken.locks.len();
                    log.write_all(format!("+{weight}\n").as_bytes()).unwrap();
                    thread::yield_now();
                    log.write_all(format!("-{weight}\n").as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn processes_never_exceed_the_budget() {
    let folder = Folder::new();
    File::create(folder.0.join("log")).unwrap();
    let children: Vec<Child> = (0..4).map(|_| folder.child("driven_worker")).collect();
    for child in children {
        let ended = within("a worker", || child.wait_with_output()).unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    let log = fs::read_to_string(folder.0.join("log")).unwrap();
    let (mut held, mut most) = (0, 0);
    for line in log.lines() {
        held += line.parse::<i32>().unwrap();
        assert!((0..=4).contains(&held), "{held} are held in:\n{log}");
        most = most.max(held);
    }
    assert_eq!((log.lines().count(), held, most), (4 * 4 * 25 * 2, 0, 4));
}

#[test]
#[ignore = "a child of another test: takes all slots, and has a child with a copy of one descriptor"]
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

#[test]
fn free_slots_are_taken_only_if_no_other_process_waits() {
    let folder = Folder::new();
    let slots = folder.slots(4);
    let held = take(&slots, 1);
    assert!(slots.take_free(4).unwrap().is_none(), "one of them is held");
    drop(slots.take_free(3).unwrap().expect("they are free"));
    let turn = Lock::try_take(&slots.turn).unwrap().expect("it is free");
    assert!(slots.take_free(1).unwrap().is_none(), "another process waits");
    drop((turn, held));
    assert_eq!(slots.take_free(u32::MAX).unwrap().expect("all are free").locks.len(), 4);
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let folder = Folder::new();
    symlink(&folder.0, folder.0.join("link")).unwrap();
    let error = Slots::open(&folder.0.join("link"), 1).unwrap_err().to_string();
    assert!(error.contains("link` must be a directory of this user with mode 700: remove it"), "{error}");
}
