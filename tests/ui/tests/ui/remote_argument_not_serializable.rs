use peer::prelude::*;

struct Key(u64);

#[remote]
fn lookup(key: Key) -> u64 {
    key.0
}

fn main() {}
