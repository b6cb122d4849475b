//! Spawning for the keeper, which has one thread and nothing to inherit.
//!
//! By hand, and not by `Command` with `pre_exec`: that forks, which takes 0.2 ms longer, a sixth of a boot.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::OnceLock;

use super::signals::SignalFd;
use crate::wire::keeper::Step;

/// The stack of the child until it executes: it only makes system calls.
const STACK: usize = 64 << 10;

/// The descriptors below this one are the standard ones.
const FIRST: RawFd = 3;

/// A process to spawn. It leads its own session and process group, and is killed when its parent ends.
#[derive(Debug)]
pub(crate) struct SpawnPlan<'a> {
    /// The files to try, in this order.
    pub(crate) programs: &'a [CString],
    pub(crate) args: &'a [CString],
    pub(crate) env: &'a [CString],
    pub(crate) directory: BorrowedFd<'a>,
    pub(crate) directory_matters: bool,
    /// Its standard descriptors; none of them has the number of one.
    pub(crate) standard: [BorrowedFd<'a>; 3],
    /// Its soft `RLIMIT_LOCKS`.
    pub(crate) tag: u64,
    pub(crate) nice: i32,
}

/// Why there is no process: what failed, and how.
pub(crate) type Fault = (Step, io::Error);

/// What the child reads and writes in this process's memory until it executes.
struct Shared<'a> {
    plan: &'a SpawnPlan<'a>,
    args: Vec<*const c_char>,
    env: Vec<*const c_char>,
    parent: libc::pid_t,
    /// The highest descriptor, where the kernel cannot close them all at once.
    highest: RawFd,
    fault: Option<(Step, c_int)>,
}

pub(crate) fn spawn(_: &SignalFd, plan: &SpawnPlan<'_>) -> Result<u32, Fault> {
    let pointers = |strings: &[CString]| strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
    let mut shared = Shared {
        plan,
        args: pointers(plan.args),
        env: pointers(plan.env),
        // SAFETY: it always succeeds.
        parent: unsafe { libc::getpid() },
        highest: if closes_ranges() { 0 } else { highest_descriptor() },
        fault: None,
    };
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let top = stack.as_mut_ptr_range().end;
    // SAFETY: the child runs on `stack`, in this memory, while this thread, the only one, waits until it has executed
    // or ended. `child` calls nothing but the kernel. All signals are blocked, so no handler runs in the child.
    let pid = unsafe {
        libc::clone(
            child,
            top.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut shared).cast::<c_void>(),
        )
    };
    if pid < 0 {
        return Err((Step::Fork, io::Error::last_os_error()));
    }
    // SAFETY: `shared` is alive, and the child uses it no more; the compiler did not see its writes.
    match unsafe { ptr::read_volatile(&raw const shared.fault) } {
        None => Ok(pid.unsigned_abs()),
        Some((step, errno)) => {
            // SAFETY: a child of this process that has ended; nothing else waits for it.
            unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
            Err((step, io::Error::from_raw_os_error(errno)))
        }
    }
}

extern "C" fn child(shared: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a `Shared`, and waits meanwhile.
    let shared = unsafe { &mut *shared.cast::<Shared<'_>>() };
    shared.fault = prepare_and_execute(shared).err();
    // SAFETY: `_exit` takes any status, and runs nothing of the parent's.
    unsafe { libc::_exit(127) }
}

/// Runs in the child: must not allocate, lock or unwind.
fn prepare_and_execute(shared: &Shared<'_>) -> Result<(), (Step, c_int)> {
    let plan = shared.plan;
    // SAFETY: system calls, with descriptors and memory of the waiting parent; each result that can matter is looked at.
    unsafe {
        let errno = || *libc::__errno_location();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != shared.parent {
            // The parent ended before the `prctl`.
            libc::_exit(127);
        }
        // With a session of its own, descendants of one peer cannot join a group of another.
        if libc::setsid() < 0 {
            return Err((Step::Fork, errno()));
        }
        for (target, fd) in (0..).zip(plan.standard) {
            if libc::dup2(fd.as_raw_fd(), target) < 0 {
                return Err((Step::Fork, errno()));
            }
        }
        if libc::fchdir(plan.directory.as_raw_fd()) != 0 && plan.directory_matters {
            return Err((Step::Directory, errno()));
        }
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_LOCKS, &raw mut limit);
        limit.rlim_cur = plan.tag;
        // Without a tag its descendants are found by their parents alone.
        libc::setrlimit(libc::RLIMIT_LOCKS, &raw const limit);
        // Lowering the priority needs no permission.
        libc::setpriority(libc::PRIO_PROCESS, 0, plan.nice);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        close_all_but_standard(shared.highest);
        let mut refused = libc::ENOENT;
        for program in plan.programs {
            libc::execve(CStr::as_ptr(program), shared.args.as_ptr(), shared.env.as_ptr());
            match errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                // The path may contain another one.
                libc::EACCES => refused = libc::EACCES,
                other => return Err((Step::Execute, other)),
            }
        }
        Err((Step::Execute, refused))
    }
}

/// Closes the child's copies of the parent's descriptors, such as those that hold names.
///
/// They are closed on execution as well, but only after the kernel has resumed the parent.
///
/// # Safety
/// Nothing in this process may own the descriptors.
unsafe fn close_all_but_standard(highest: RawFd) {
    // SAFETY: as the caller promises; `close` takes any number.
    unsafe {
        if highest == 0 {
            libc::syscall(libc::SYS_close_range, FIRST, u32::MAX, 0);
        }
        for fd in FIRST..=highest {
            libc::close(fd);
        }
    }
}

/// Does the kernel have the call? An old one does not, and a filter may refuse it.
fn closes_ranges() -> bool {
    static CLOSES: OnceLock<bool> = OnceLock::new();
    // SAFETY: there is no descriptor of that number.
    *CLOSES.get_or_init(|| unsafe { libc::syscall(libc::SYS_close_range, u32::MAX, u32::MAX, 0) == 0 })
}

fn highest_descriptor() -> RawFd {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    open.filter_map(|fd| fd.file_name().to_str()?.parse().ok()).max().unwrap_or_default()
}
