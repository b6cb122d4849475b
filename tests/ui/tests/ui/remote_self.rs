use peer::prelude::*;

struct Store;

impl Store {
    #[remote]
    fn rows(&self) -> u64 {
        0
    }
}

fn main() {
    Store.rows();
}
