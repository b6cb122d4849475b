use peer::prelude::*;

#[peer_group]
#[allow(dead_code)]
pub async fn tests() {}

#[peer_group(shuffle)]
struct Tests;

fn main() {}
