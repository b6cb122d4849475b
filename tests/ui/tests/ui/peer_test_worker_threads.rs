use peer::prelude::*;

#[peer_test(worker_threads = 2)]
async fn without_flavor() {}

#[peer_test(flavor = "multi_thread", worker_threads = 0)]
async fn zero() {}

fn main() {}
