use peer::prelude::*;

#[peer_test]
async fn generic<T: Default>() {
    T::default();
}

fn main() {}
