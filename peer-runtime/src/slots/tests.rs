//! The budget with real processes and threads, and each way in which a lock may be given back.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rand::Rng;

use super::*;

/// For everything that a test waits for; far longer than any of it takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// Tells a child of a test where the locks are.
const FOLDER: &str = "PEER_TEST_SLOTS";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(crate::name::random_name("peer-slots"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn slots(&self, budget: u32) -> Slots {
        slots(&self.0, budget)
    }

    /// One test of this executable that is ignored otherwise, as a child that knows this folder.
    fn child(&self, test: &str) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", &format!("slots::tests::{test}"), "--nocapture"]).env(FOLDER, &self.0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is left behind fails nothing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn slots(folder: &Path, budget: u32) -> Slots {
    Slots::of(Directory::open(&folder.join("peer")).unwrap(), budget)
}

fn take(slots: &Slots, weight: u32) -> Taken {
    slots.take(weight, &Cancel::new().unwrap(), &mut |_| {}).unwrap().expect("nobody cancels")
}

#[track_caller]
fn within<T: Send + 'static>(what: &str, wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(wait()));
    result.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("waited for {what}: {error}"))
}

/// A watch of one lock that somebody has, as long as that is so.
fn watch(slots: &Slots, name: &str) -> Watch {
    let watch = Watch::new(&slots.directory, &[name], &Cancel::new().unwrap()).unwrap();
    assert!(Held::take(&slots.directory, name).unwrap().is_none(), "somebody has it");
    watch
}

#[track_caller]
fn wakes(mut watch: Watch, what: &str) {
    assert_eq!(within(what, move || watch.wait(DEADLINE)).unwrap(), Some(vec![0]));
}

/// The next line of a child that begins with `said `: the rest of it.
fn said(child: &mut Child) -> String {
    let output = BufReader::new(child.stdout.as_mut().unwrap());
    let lines = output.lines().map(|line| line.unwrap());
    lines
        .filter_map(|line| line.split_once("said ").map(|(_, said)| said.to_owned()))
        .next()
        .expect("it says something")
}

#[test]
#[ignore = "run by other tests, as a child: takes and gives back, and writes down what it has"]
fn driven_worker() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let (slots, log) = (slots(&folder, 4), folder.join("log"));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut log: File = OpenOptions::new().append(true).open(&log).unwrap();
                for _ in 0..25 {
                    let taken = take(&slots, rand::rng().next_u32() % 6);
                    let weight = taken.slots.len();
                    log.write_all(format!("+{weight}\n").as_bytes()).unwrap();
                    thread::yield_now();
                    log.write_all(format!("-{weight}\n").as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn what_is_held_never_exceeds_the_budget() {
    let folder = Folder::new();
    File::create(folder.0.join("log")).unwrap();
    let children: Vec<Child> = (0..4).map(|_| folder.child("driven_worker")).collect();
    for child in children {
        let ended = within("a worker", || child.wait_with_output()).unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    let log = std::fs::read_to_string(folder.0.join("log")).unwrap();
    let mut held = 0;
    let mut most = 0;
    for line in log.lines() {
        held += line.parse::<i32>().unwrap();
        assert!((0..=4).contains(&held), "{held} are held in:\n{log}");
        most = most.max(held);
    }
    assert_eq!((log.lines().count(), held, most), (4 * 4 * 25 * 2, 0, 4));
}

#[test]
#[ignore = "run by other tests, as a child: takes all slots and keeps them, and has a child that inherits one of them"]
fn driven_holder() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let taken = take(&slots(&folder, 2), 2);
    let copy = taken.slots[1].copy();
    let mut child = Command::new("sleep").arg("1000").stdin(copy).stdout(Stdio::null()).spawn().unwrap();
    println!("said {}", child.id());
    std::io::stdin().read_exact(&mut [0]).unwrap();
    drop(taken);
    println!("said released");
    child.wait().unwrap();
}

#[test]
fn who_holds_slots_is_known_as_long_as_it_does() {
    let folder = Folder::new();
    let slots = folder.slots(2);
    assert_eq!(slots.holders(2), []);
    let mut child = folder.child("driven_holder");
    let sleeper = said(&mut child);
    let holder = |pid, slots| Holder { pid, program: "peer_runtime".to_owned(), slots, has_turn: false };
    assert_eq!(slots.holders(2), [holder(child.id(), 2)]);
    child.stdin.as_mut().unwrap().write_all(b".").unwrap();
    assert_eq!(said(&mut child), "released");
    let one = take(&slots, 1);
    assert_eq!(slots.holders(2), [holder(std::process::id(), 1)]);
    drop(one);
    assert!(Command::new("kill").args(["-s", "KILL", &sleeper]).status().unwrap().success());
    assert!(within("the holder", move || child.wait()).unwrap().success());
    assert_eq!(slots.holders(2), []);
}

#[test]
fn the_death_of_a_holder_is_a_release() {
    let folder = Folder::new();
    let slots = Arc::new(folder.slots(2));
    let mut holder = folder.child("driven_holder");
    let sleeper = said(&mut holder);
    let second = watch(&slots, "slot-1");
    let waiting = Arc::clone(&slots);
    let one = thread::spawn(move || take(&waiting, 1));
    holder.kill().unwrap();
    holder.wait().unwrap();
    let one = within("a slot of the dead", move || one.join()).unwrap();
    // Its child still has a copy of the other one, as a child between fork and exec has of all.
    assert!(Held::take(&slots.directory, "slot-1").unwrap().is_none());
    assert!(Command::new("kill").args(["-s", "KILL", &sleeper]).status().unwrap().success());
    wakes(second, "the death of the holder's child");
    drop(one);
    assert_eq!(within("both slots", move || take(&slots, 2)).slots.len(), 2);
}

#[test]
fn copies_in_children_do_not_hide_a_release() {
    let folder = Folder::new();
    let slots = folder.slots(2);
    let mut holder = folder.child("driven_holder");
    let sleeper = said(&mut holder);
    let second = watch(&slots, "slot-1");
    holder.stdin.as_mut().unwrap().write_all(b".").unwrap();
    wakes(second, "the release");
    // The byte of the release is read by nobody before that, and by whoever takes it.
    let again = Held::take(&slots.directory, "slot-1").unwrap().expect("it is free");
    let once_more = watch(&slots, "slot-1");
    drop(again);
    wakes(once_more, "the second release");
    assert!(Command::new("kill").args(["-s", "KILL", &sleeper]).status().unwrap().success());
    assert!(within("the holder", move || holder.wait()).unwrap().success());
}

#[test]
fn who_wants_all_gets_them_while_others_keep_coming() {
    let folder = Folder::new();
    // Of another budget than the one who wants all.
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
        assert_eq!((all.slots.len(), held.load(Ordering::SeqCst)), (256, 0));
    }
    enough.store(true, Ordering::SeqCst);
    for thread in light {
        within("who wants one", move || thread.join()).unwrap();
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
    let mut turn = Watch::new(&slots.directory, &["slot-0"], &cancel).unwrap();
    cancel.cancel().unwrap();
    cancel.cancel().unwrap();
    assert_eq!(within("the cancellation", move || turn.wait(DEADLINE)).unwrap(), None);
    for thread in waiting {
        assert!(within("who waits", move || thread.join()).unwrap());
    }
    assert!(slots.take(1, &cancel, &mut |_| {}).unwrap().is_none(), "later ones, too");
    let others = within("the other slots", move || take(&slots, 2));
    drop((one, others));
}

#[test]
fn one_at_least_and_no_more_than_there_are() {
    let folder = Folder::new();
    let (few, many) = (folder.slots(2), folder.slots(4));
    for (weight, taken) in [(0, 1), (1, 1), (2, 2), (3, 2), (1000, 2)] {
        assert_eq!(take(&few, weight).slots.len(), taken, "weight {weight}");
    }
    // The smaller budget is a part of the greater one.
    let all = take(&few, 2);
    assert_eq!(take(&many, 2).slots.len(), 2);
    drop(all);
    assert_eq!((folder.slots(0).budget, folder.slots(u32::MAX).budget), (1, 256));
}

#[test]
fn who_is_alone_is_so_beside_other_budgets() {
    let folder = Folder::new();
    let (few, many) = (folder.slots(2), folder.slots(4));
    let alone = take(&few, ALONE);
    assert_eq!(alone.slots.len(), 256);
    // Which is beyond the smaller budget.
    assert!(Held::take(&many.directory, "slot-3").unwrap().is_none());
    drop(alone);
    assert_eq!(take(&many, 1000).slots.len(), 4, "a weight is no more than a budget");
}

#[test]
#[ignore = "run by another test, as a child: says whether it is below a peer"]
fn driven_below() {
    println!("said {}", is_below_a_peer());
}

#[test]
fn a_limit_that_an_administrator_has_set_is_no_mark_of_a_peer() {
    let below = |limits: &str| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--locks={limits}")).arg(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "slots::tests::driven_below", "--nocapture"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = said(&mut child);
        child.wait().unwrap();
        said
    };
    for limits in ["1024:", "1024:1024", "1000:4096", "unlimited:"] {
        assert_eq!(below(limits), "false", "{limits}");
    }
    assert_eq!(below(&format!("{}:", crate::wire::mark::mark(4711, None))), "true");
}

#[test]
fn what_is_free_is_taken_without_a_wait_and_before_nobody() {
    let folder = Folder::new();
    let slots = folder.slots(4);
    let held = take(&slots, 1);
    assert!(slots.take_free(4).unwrap().is_none(), "one of them is held");
    let free = slots.take_free(3).unwrap().expect("they are free");
    assert_eq!(free.slots.len(), 3);
    assert!(slots.take_free(0).unwrap().is_none(), "one at least");
    drop(free);
    // Who has the turn waits for more than there are.
    let turn = Held::take(&slots.directory, TURN).unwrap().expect("it is free");
    assert!(slots.take_free(1).unwrap().is_none(), "somebody came before");
    drop((turn, held));
    assert_eq!(slots.take_free(u32::MAX).unwrap().expect("all are free").slots.len(), 4);
    assert_eq!(take(&slots, 4).slots.len(), 4, "and given back");
}

#[test]
fn what_dead_runs_left_is_no_obstacle() {
    let folder = Folder::new();
    drop(take(&folder.slots(5), 5));
    let slots = folder.slots(2);
    drop(take(&slots, 2));
    std::fs::remove_file(folder.0.join("peer/slot-0")).unwrap();
    assert_eq!(take(&slots, 2).slots.len(), 2, "what is removed is made again");
    std::fs::remove_file(folder.0.join("peer/slot-1")).unwrap();
    File::create(folder.0.join("peer/slot-1")).unwrap();
    let error = slots.take(2, &Cancel::new().unwrap(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.ends_with("peer/slot-1` is no fifo; remove it"), "{error}");
}

#[test]
fn a_folder_that_is_not_ours_alone_is_refused() {
    let folder = Folder::new();
    let refused = |path: &Path| Directory::open(path).expect_err("refused").to_string();
    let own = folder.0.join("own");
    drop(Directory::open(&own).unwrap());
    assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700);

    symlink(&own, folder.0.join("link")).unwrap();
    let error = refused(&folder.0.join("link"));
    assert!(error.ends_with("link` is a symbolic link or a file; remove it, and a folder is made there"), "{error}");

    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o770)).unwrap();
    let error = refused(&own);
    assert!(error.ends_with("is open to others (mode 770); take that away with `chmod 700`"), "{error}");

    // Only root can give a folder away, and only root has `/`.
    let other = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&own, Some(4711), None).unwrap();
        own.as_path()
    } else {
        Path::new("/")
    };
    let error = refused(other);
    assert!(error.contains("belongs to user ") && error.contains("; remove it, or set XDG_RUNTIME_DIR"), "{error}");

    let error = refused(&folder.0.join("no/such"));
    assert!(error.contains("cannot be made: ") && error.contains("; make it a folder of your own"), "{error}");
}
