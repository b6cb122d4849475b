use peer::prelude::*;

#[peer_group(repeat = 3, repeat_until_any_fail = 100)]
mod twice {}

fn main() {}
