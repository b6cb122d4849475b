use peer::prelude::*;

#[peer_test(connection = "tcp", nodes = 2)]
async fn nobody_takes_them() {}

fn main() {}
