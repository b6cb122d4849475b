use peer::prelude::*;

#[peer_test]
async unsafe fn is_unsafe() {}

#[peer_test]
async extern "C" fn is_extern() {}

#[peer_test]
const fn is_const() {}

fn main() {}
