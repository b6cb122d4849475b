use peer::prelude::*;

#[remote]
fn sometimes(#[cfg(unix)] _mode: u32, _path: String) {}

fn main() {}
