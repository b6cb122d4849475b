use peer::prelude::*;

#[peer_test(node = 3, "multi_thread", nodes(2), connection, exclusive = true)]
async fn names() {}

#[peer_test(retries = 2, timetrap = "1s", retries = 3, repeat = 2, repeat_until_all_ok = 3)]
async fn twice() {}

#[peer_test(should_panic, ignore = "not today")]
async fn attributes_of_their_own() {}

#[peer_test(nodes = 0, retries = 101, weight = "8", repeat = some, flavor = "multi_thread", worker_threads = 0)]
async fn numbers(_nodes: Nodes) {}

#[peer_test(nodes = 1001, connection = "udp", flavor = "multithread", leaks = true)]
async fn choices(_nodes: Nodes) {}

#[peer_test(timetrap = 30)]
async fn no_text() {}

#[peer_test(timetrap = "30 seconds")]
async fn no_unit() {}

#[peer_test(timetrap = "0s")]
async fn no_time() {}

#[peer_test(everywhere, own_dirs, worker_threads = 2)]
async fn without_what_they_need() {}

fn main() {}
