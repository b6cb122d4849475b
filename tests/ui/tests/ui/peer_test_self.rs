use peer::prelude::*;

struct Suite;

impl Suite {
    #[peer_test]
    async fn method(&self) {}
}

fn main() {}
