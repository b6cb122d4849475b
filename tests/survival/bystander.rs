//! Somebody else's process: of the same user and the same executable, with a peer of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use peer::prelude::*;

use crate::support::{DEADLINE, within, without_harness};

#[remote]
fn is_here() -> bool {
    true
}

#[peer_test(timetrap = "off")]
#[ignore = "run by the tests that start cells"]
async fn driven_bystander() -> peer::Result {
    let peer = ct_peer!().await?;
    println!("\nready");
    let mut line = String::new();
    // The end of it says that nobody is interested any more.
    std::io::stdin().lock().read_line(&mut line)?;
    assert!(peer.call(is_here, ()).timeout(DEADLINE).await?);
    Ok(())
}

pub(crate) struct Bystander {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Bystander {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--ignored", "bystander::driven_bystander", "--nocapture", "--test-threads=1"]);
        without_harness(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let ready = move || (output.by_ref().lines().any(|line| line.is_ok_and(|line| line == "ready")), output);
        let (ready, output) = within("the bystander", ready);
        assert!(ready, "the bystander has no peer");
        Self { process, output }
    }

    /// It is alive, and so is its peer; then they are not needed any more.
    pub(crate) fn check(mut self) {
        let mut stdin = self.process.stdin.take().unwrap();
        stdin.write_all(b"go on\n").unwrap();
        let status = within("the bystander", move || {
            // Until its end, so that it is never blocked.
            let _ = self.output.lines().count();
            self.process.wait()
        });
        assert!(status.unwrap().success(), "the bystander or its peer was touched");
    }
}
