use peer::prelude::*;

fn main() {
    let _ = ct_peer!({ name: "one", host: "here", name: "two" });
}
