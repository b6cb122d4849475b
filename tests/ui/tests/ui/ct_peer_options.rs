use peer::prelude::*;

fn main() {
    let _ = ct_peer!({ nmae: "other" });
    let _ = ct_peer!({ name: "other", connection: "tcp" });
}
