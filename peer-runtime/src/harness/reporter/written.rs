//! What a run is asked to write: opened without waiting for anybody, and, where it cannot be written, a failure of the run.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::timeouts::LOOK_AGAIN;

/// Whether anything that this run was asked for is lost.
#[derive(Clone, Default)]
pub(in super::super) struct Lost(Arc<AtomicBool>);

impl Lost {
    /// Something is; true the first time.
    pub(super) fn note(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    pub(in super::super) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why it is lost, and what that means.
pub(in super::super) fn lost(what: &str, error: &io::Error) -> String {
    format!("{what} cannot be written: {error}; this run fails for that: make room there, or have it written elsewhere")
}

/// Opens a path that is to be written. A pipe that nobody reads is an error: its reader might never come.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = options.custom_flags(flags).open(path).map_err(|error| {
        let is_pipe = path.metadata().is_ok_and(|found| found.file_type().is_fifo());
        let unread = is_pipe && error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
        if unread { io::Error::other("it is a pipe that nobody reads; start its reader first") } else { error }
    })?;
    // Whoever has begun to read is waited for.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

/// A stream of which somebody may have said that nobody is to wait for it, a child that has it, too, say: it is waited for.
pub(super) struct Patient(pub(super) File);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None)?;
                    // A terminal may have room, but not for this.
                    poll(&mut [], Timespec::try_from(LOOK_AGAIN).ok().as_ref())?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::thread;

    use super::*;

    #[test]
    fn what_nobody_is_to_wait_for_is_written_whole() {
        let (mut reader, writer) = io::pipe().expect("there are descriptors");
        fcntl_setfl(&writer, OFlags::NONBLOCK).expect("it is a pipe");
        // Far more than there is room for.
        let text = vec![b'x'; 1 << 20];
        let mut writer = Patient(File::from(OwnedFd::from(writer)));
        let written = text.clone();
        let writes = thread::spawn(move || writer.write_all(&written));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("it has an end");
        writes.join().expect("it does not panic").expect("all of it is written");
        assert!(read == text, "{} bytes", read.len());
    }
}
