use peer::prelude::*;

#[peer_group]
mod group {
    use super::*;
    #[peer_test]
    async fn init_per_group() {}
}

fn main() {}
