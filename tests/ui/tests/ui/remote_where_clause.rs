use peer::prelude::*;

#[remote]
fn bounded(value: u64) -> u64
where
    u64: Copy,
{
    value
}

fn main() {}
