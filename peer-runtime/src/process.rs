//! Processes, as requests to the keeper and events from it. The keeper is their parent; nothing here waits for a pid.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::timeouts::{Deadline, KEEPER_ANSWER};

mod descriptors;
mod handle;
mod keeper;
mod keeper_socket;
mod request;

pub(crate) use handle::Process;
use keeper::Keeper;
pub(crate) use keeper::{interrupted, run_by};
pub(crate) use request::{Output, SpawnRequest};

/// A new process, and this side's ends of its pipes.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Arc<Process>,
    pub(crate) stdin: OwnedFd,
    pub(crate) frames: Option<OwnedFd>,
    pub(crate) console: Option<OwnedFd>,
}

/// Bounds the requests in flight, since the kernel bounds descriptors in flight.
static REQUESTS: Semaphore = Semaphore::const_new(16);

/// Spawns a process, on the I/O thread; `name` is that of a peer. The error is `AddrInUse` if the name is.
pub(crate) async fn spawn(request: SpawnRequest, name: Option<&str>) -> io::Result<Spawned> {
    // It is never closed.
    let _permit = REQUESTS.acquire().await.map_err(io::Error::other)?;
    let keeper = Keeper::current()?;
    match spawn_by(&keeper, &request, name).await {
        // The keeper died meanwhile, and all its children with it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || keeper.is_lost() => {
            keeper.until_lost().await;
            spawn_by(&Keeper::current()?, &request, name).await
        }
        spawned => spawned,
    }
}

async fn spawn_by(keeper: &Arc<Keeper>, request: &SpawnRequest, name: Option<&str>) -> io::Result<Spawned> {
    let (theirs, (stdin, frames, console)) = descriptors::make(request)?;
    let tag = keeper.free_tag();
    let process = tokio::select! {
        spawned = keeper.spawn(request.to_wire(tag, name), theirs) => spawned?,
        // A process that is spawned later is killed.
        () = Deadline::after(KEEPER_ANSWER).passed() => return Err(keeper.socket.silent()),
    };
    Ok(Spawned { process, stdin, frames, console })
}
