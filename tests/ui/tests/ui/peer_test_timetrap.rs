use peer::prelude::*;

#[peer_test(timetrap = 30)]
async fn number() {}

#[peer_test(timetrap = "30 seconds")]
async fn words() {}

#[peer_test(timetrap = "0s")]
async fn zero() {}

fn main() {}
