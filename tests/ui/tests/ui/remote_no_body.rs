use peer::prelude::*;

trait Store {
    #[remote]
    fn rows(table: String) -> u64;
}

fn main() {}
