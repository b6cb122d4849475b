use peer::prelude::*;

#[peer_test]
#[ignore(slow)]
#[should_panic(with = "text")]
async fn malformed() {}

fn main() {}
