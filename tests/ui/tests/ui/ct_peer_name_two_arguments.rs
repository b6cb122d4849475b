use peer::prelude::*;

fn main() {
    let _ = ct_peer_name!("one", "two");
}
