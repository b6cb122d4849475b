use peer::prelude::*;

#[remote]
fn argument(values: Vec<impl Into<u64>>) -> usize {
    values.len()
}

#[remote]
fn result() -> impl Future<Output = u64> {
    std::future::ready(1)
}

fn main() {}
