use peer::prelude::*;

#[remote]
unsafe fn two(_text: &str) {}

fn main() {}
