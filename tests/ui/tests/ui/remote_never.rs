use peer::prelude::*;

#[remote]
fn forever() -> ! {
    loop {}
}

fn main() {}
