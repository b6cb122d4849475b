//! More output than anybody reads.

use std::io::Write;

use peer::prelude::*;

use crate::trace;

const LINE: usize = 1 << 10;

#[remote]
fn print(lines: usize) {
    let mut out = std::io::stdout().lock();
    for number in 0..lines {
        writeln!(out, "{number:0LINE$}").unwrap();
    }
    out.flush().unwrap();
}

#[peer_group(sequence, timetrap = "10s")]
mod of_a_test {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) {
        trace(&format!("{status}"));
    }

    #[peer_test(nodes = 1)]
    async fn prints(nodes: Nodes) -> peer::Result {
        trace(&format!("node {}", nodes[0].os_pid()));
        nodes[0].call(print, (20 << 10,)).timeout(peer::UNLIMITED).await?;
        trace("printed");
        std::future::pending().await
    }
}
