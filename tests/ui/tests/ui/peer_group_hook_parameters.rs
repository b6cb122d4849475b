use peer::prelude::*;

#[peer_group]
mod group {
    use super::*;
    async fn init_per_group(_nodes: Nodes, _status: peer::TestStatus) {}
    async fn end_per_group(_count: u32, _names: &mut Vec<String>) {}
    async fn end_per_testcase(_port: u16, _first: peer::TestStatus, _second: &peer::TestStatus) {}
}

fn main() {}
