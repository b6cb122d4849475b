//! The folder of the locks, which belongs to the user alone.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, fstat, mkfifoat, open, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

/// Where it is if the session has no folder of its own. Not `TMPDIR`: all runs have to find the same one.
const SHARED: &str = "/tmp";

/// What others may do in it: nothing.
const OTHERS: u32 = 0o077;

/// A folder that is known to be the user's own.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    fd: OwnedFd,
}

impl Directory {
    /// `$XDG_RUNTIME_DIR/peer`, or `/tmp/peer-<uid>` where there is no such session.
    pub(super) fn of_user() -> io::Result<Self> {
        let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let session = session.filter(|path| path.is_absolute() && path.is_dir());
        Self::open(&session.map_or_else(
            || Path::new(SHARED).join(format!("peer-{}", geteuid().as_raw())),
            |session| session.join("peer"),
        ))
    }

    /// Opens this folder, and makes it if it is missing. What is not the user's own, or not only theirs, is refused:
    /// whoever else can write there could stop all tests, or lead us to other files.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let refused = |what: &str, remedy: &str| io::Error::other(format!("`{}` {what}; {remedy}", path.display()));
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => {
                let remedy = "make it a folder of your own with mode 0700";
                return Err(refused(&format!("cannot be made: {}", io::Error::from(error)), remedy));
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match open(path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(refused("is a symbolic link or a file", "remove it, and a folder is made there"));
            }
            Err(error) => {
                let remedy = "make it a folder of your own with mode 0700, or remove it";
                return Err(refused(&format!("cannot be opened: {}", io::Error::from(error)), remedy));
            }
        };
        // Of what is open, and not of what has the name by now.
        let stat = fstat(&fd)?;
        let (owner, user) = (stat.st_uid, geteuid().as_raw());
        if owner != user {
            let remedy = "remove it, or set XDG_RUNTIME_DIR to a folder of your own";
            return Err(refused(&format!("belongs to user {owner}, and we are {user}"), remedy));
        }
        if stat.st_mode & OTHERS != 0 {
            let mode = stat.st_mode & 0o777;
            return Err(refused(&format!("is open to others (mode {mode:03o})"), "take that away with `chmod 700`"));
        }
        Ok(Self { path: path.to_owned(), fd })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a fifo in it, without waiting for another side, and makes it if it is missing.
    pub(super) fn fifo(&self, name: &str, access: OFlags) -> io::Result<OwnedFd> {
        let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fifo = loop {
            match openat(&self.fd, name, flags, Mode::empty()) {
                Ok(fifo) => break fifo,
                // Never made, or removed by who cleans up.
                Err(Errno::NOENT) => match mkfifoat(&self.fd, name, Mode::RUSR | Mode::WUSR) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(self.error("make", name, error)),
                },
                Err(error) => return Err(self.error("open", name, error)),
            }
        };
        if FileType::from_raw_mode(fstat(&fifo)?.st_mode) != FileType::Fifo {
            let path = self.path.join(name);
            return Err(io::Error::other(format!("`{}` is no fifo; remove it", path.display())));
        }
        Ok(fifo)
    }

    /// What could not be done with one of its files.
    pub(super) fn error(&self, verb: &str, name: &str, error: Errno) -> io::Error {
        let path = self.path.join(name);
        let remedy = match error {
            Errno::MFILE | Errno::NFILE => "raise `ulimit -n`, or lower PEER_JOBS",
            _ => "remove the folder while no tests run",
        };
        io::Error::other(format!("cannot {verb} `{}`: {}; {remedy}", path.display(), io::Error::from(error)))
    }
}
