use peer::prelude::*;

#[peer_test(nodes = 1000, connection = "stdio", timetrap = "off", flavor = "current_thread", leaks = "fail",)]
async fn everything(nodes: Nodes) -> peer::Result {
    drop(nodes);
    Ok(())
}

#[peer_test()]
#[should_panic = "text"]
async fn unit() -> () {}

fn main() {}
