use peer::prelude::*;

#[peer_test(own_dirs)]
async fn has_no_nodes() {}

fn main() {}
