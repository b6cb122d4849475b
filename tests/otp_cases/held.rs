//! Nodes whose boot is held until a test lets them go on.

use std::path::Path;

use crate::util::{Fifo, LONG};

/// A node that is to boot: through a shell that runs `script` first, with the node's command line as `"$@"`.
pub(crate) fn through_shell(script: &str, zero: &Path) -> peer::Exec {
    let this = std::env::current_exe().unwrap();
    ("sh", [Path::new("-c"), Path::new(script), zero, &this]).into()
}

impl Fifo {
    /// Waits until there is a reader, and lets it go on.
    pub(crate) async fn open(&self) {
        let path = self.0.clone();
        let open = tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(path).map(drop));
        tokio::time::timeout(LONG, open).await.expect("a reader of the fifo").unwrap().unwrap();
    }
}
