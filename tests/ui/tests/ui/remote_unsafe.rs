use peer::prelude::*;

#[remote]
unsafe fn dangerous(address: usize) -> u8 {
    address as u8
}

fn main() {}
