use peer::prelude::*;

#[peer_group]
mod group {
    use super::*;
    async fn init_per_gruop() {}
    async fn end_per_test() {}
    async fn init_per_suite() {}
    #[peer::end_per_suite]
    async fn end_per_everything() {}
    #[peer_test]
    async fn init_per_se() {}
}

fn main() {}
