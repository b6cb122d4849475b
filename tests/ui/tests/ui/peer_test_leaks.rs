use peer::prelude::*;

#[peer_test(leaks = "ignore")]
async fn no_such_choice() {}

#[peer_test(leaks = true)]
async fn no_text() {}

#[peer_test(leaks)]
async fn no_value() {}

fn main() {}
