use peer::prelude::*;

#[peer_test]
#[should_panic]
async fn both() -> peer::Result {
    Ok(())
}

fn main() {}
