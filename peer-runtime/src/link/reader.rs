//! The origin's receiving end of a connection or a console.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// A descriptor that does not block, read on the I/O thread.
#[derive(Debug)]
pub(crate) struct Reader {
    fd: AsyncFd<OwnedFd>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Bytes(usize),
    Nothing,
    End,
}

impl Reader {
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { fd: sys::watch(fd, Interest::READABLE)? })
    }

    /// Waits for bytes, and reads what fits. No bytes are the end.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.fd.readable().await?;
            match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut *buffer)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(read) => return read,
                Err(_would_block) => {}
            }
        }
    }

    /// Reads what is there already.
    pub(crate) fn read_now(&self, buffer: &mut [u8]) -> Read {
        loop {
            return match rustix::io::read(&self.fd, &mut *buffer) {
                Ok(0) => Read::End,
                Ok(bytes) => Read::Bytes(bytes),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::AGAIN) => Read::Nothing,
                Err(_) => Read::End,
            };
        }
    }
}
