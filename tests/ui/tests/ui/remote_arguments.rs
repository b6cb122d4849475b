use peer::prelude::*;

#[remote(name = "sum")]
fn sum(values: Vec<u64>) -> u64 {
    values.iter().sum()
}

fn main() {}
