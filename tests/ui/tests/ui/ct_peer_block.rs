use peer::prelude::*;

fn main() {
    let _ = ct_peer!({ StartOptions::new() });
}
