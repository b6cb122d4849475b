use peer::prelude::*;

#[peer_test(timetrap = "soon", flavour = "multi_thread")]
async fn two() {}

fn main() {}
