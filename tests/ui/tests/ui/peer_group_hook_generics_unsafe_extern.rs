use peer::prelude::*;

#[peer_group]
mod group {
    async fn init_per_group<T>() -> Vec<T> {
        Vec::new()
    }
    async unsafe extern "C" fn end_per_group() {}
}

fn main() {}
