use peer::prelude::*;

fn main() {
    let _ = ct_peer!({ StartOptions::new() });
    let _ = ct_peer!({ name: "one", host: "here", name: "two" });
    let _ = ct_peer!({ name "one" });
    let _ = ct_peer!({ name = "one" });
    let _ = ct_peer!({ name: "one" host: "here" });
    let _ = ct_peer!({ name });
    let _ = ct_peer!({ host: "here", name: });
    let _ = ct_peer!(name: "other");
    let _ = ct_peer!(["--shard", "3"], ["--verbose"]);
    let _ = ct_peer_name!("one", "two");
}
