//! Spawning, for a process that does little else: one that has nothing to hand down but what is asked for.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::OnceLock;

use super::signals::SignalFd;
use crate::wire::keeper::Step;

/// Room for the child until it executes: it calls the kernel, and nothing deep.
const STACK: usize = 64 << 10;

/// The descriptors below this one are the standard ones.
const FIRST: RawFd = 3;

/// A process to spawn. It leads a session and a process group of its own, and is killed when its parent ends.
#[derive(Debug)]
pub(crate) struct SpawnPlan<'a> {
    /// The files to try, in this order.
    pub(crate) programs: &'a [CString],
    pub(crate) args: &'a [CString],
    pub(crate) env: &'a [CString],
    pub(crate) directory: BorrowedFd<'a>,
    pub(crate) directory_matters: bool,
    /// For its standard descriptors; none of them is one of those three.
    pub(crate) standard: [BorrowedFd<'a>; 3],
    /// What it bears as its limit of file locks, which is in no use.
    pub(crate) tag: u64,
    /// Its nice value, which may be another one than that of this process.
    pub(crate) nice: i32,
}

/// Why there is no process: what failed, and how.
pub(crate) type Fault = (Step, io::Error);

/// What the child shares with this process until it executes.
struct Shared<'a> {
    programs: &'a [CString],
    args: Vec<*const c_char>,
    env: Vec<*const c_char>,
    directory: RawFd,
    directory_matters: bool,
    standard: [RawFd; 3],
    tag: u64,
    nice: c_int,
    parent: libc::pid_t,
    /// The highest descriptor, where the kernel cannot close them all at once.
    highest: RawFd,
    fault: Option<(Step, c_int)>,
}

/// Spawns a process.
pub(crate) fn spawn(_: &SignalFd, plan: &SpawnPlan<'_>) -> Result<u32, Fault> {
    let pointers = |strings: &[CString]| strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
    let mut shared = Shared {
        programs: plan.programs,
        args: pointers(plan.args),
        env: pointers(plan.env),
        directory: plan.directory.as_raw_fd(),
        directory_matters: plan.directory_matters,
        standard: plan.standard.map(|fd| fd.as_raw_fd()),
        tag: plan.tag,
        nice: plan.nice,
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
    // SAFETY: `shared` is alive, and the child has let go of it; it wrote there unseen by the compiler.
    match unsafe { ptr::read_volatile(&raw const shared.fault) } {
        None => Ok(pid.unsigned_abs()),
        Some((step, errno)) => {
            // SAFETY: a child of this process that has ended; nobody else waits for it.
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

/// What the child does; nothing here allocates, locks or unwinds.
fn prepare_and_execute(shared: &Shared<'_>) -> Result<(), (Step, c_int)> {
    // SAFETY: system calls, with descriptors and memory of the waiting parent; each result that can matter is looked at.
    unsafe {
        let errno = || *libc::__errno_location();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != shared.parent {
            // The parent ended before it could take this one with it.
            libc::_exit(127);
        }
        // A session of its own: what is below one peer can join no group of another.
        if libc::setsid() < 0 {
            return Err((Step::Fork, errno()));
        }
        for (target, fd) in (0..).zip(shared.standard) {
            if libc::dup2(fd, target) < 0 {
                return Err((Step::Fork, errno()));
            }
        }
        if libc::fchdir(shared.directory) != 0 && shared.directory_matters {
            return Err((Step::Directory, errno()));
        }
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_LOCKS, &raw mut limit);
        limit.rlim_cur = shared.tag;
        // Where that is refused its descendants are known by their parents alone.
        libc::setrlimit(libc::RLIMIT_LOCKS, &raw const limit);
        // To a lower priority, or the same one, which everybody may.
        libc::setpriority(libc::PRIO_PROCESS, 0, shared.nice);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        close_all_but_standard(shared.highest);
        let mut refused = libc::ENOENT;
        for program in shared.programs {
            libc::execve(CStr::as_ptr(program), shared.args.as_ptr(), shared.env.as_ptr());
            match errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                // There may be another one, further down the path.
                libc::EACCES => refused = libc::EACCES,
                other => return Err((Step::Execute, other)),
            }
        }
        Err((Step::Execute, refused))
    }
}

/// Closes the copies that the child has of its parent's descriptors, those of names among them.
///
/// All of them are closed on execution as well, but only after the kernel has let the parent go on.
///
/// # Safety
/// Nothing in this process may own them.
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

/// Not an old kernel, nor one that is told to refuse what it does not know.
fn closes_ranges() -> bool {
    static CLOSES: OnceLock<bool> = OnceLock::new();
    // SAFETY: there is no descriptor of that number.
    *CLOSES.get_or_init(|| unsafe { libc::syscall(libc::SYS_close_range, u32::MAX, u32::MAX, 0) == 0 })
}

fn highest_descriptor() -> RawFd {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    open.filter_map(|fd| fd.file_name().to_str()?.parse().ok()).max().unwrap_or_default()
}
