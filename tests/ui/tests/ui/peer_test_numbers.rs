use peer::prelude::*;

#[peer_test(retries = 101, weight = 0)]
async fn too_many() {}

#[peer_test(repeat = 3, repeat_until_all_ok = 3, exclusive = true)]
async fn too_much() {}

#[peer_test(retries = some, weight, exclusive, exclusive, exclusiv)]
async fn no_numbers() {}

fn main() {}
