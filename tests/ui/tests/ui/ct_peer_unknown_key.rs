use peer::prelude::*;

fn main() {
    let _ = ct_peer!({ nmae: "other", colour: "red" });
}
