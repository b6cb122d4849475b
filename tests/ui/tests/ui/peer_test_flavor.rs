use peer::prelude::*;

#[peer_test(flavor = "multithread")]
async fn misspelt() {}

fn main() {}
