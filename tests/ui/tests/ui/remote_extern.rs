use peer::prelude::*;

#[remote]
extern "C" fn from_c(value: u8) -> u8 {
    value
}

fn main() {}
