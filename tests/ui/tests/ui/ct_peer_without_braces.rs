use peer::prelude::*;

fn main() {
    let _ = ct_peer!(name: "other");
    let _ = ct_peer!(name = "other");
}
