use peer::prelude::*;

#[remote]
#[rustfmt::skip]
fn many(
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _thirteenth: u8,
) {}

fn main() {}
