use peer::prelude::*;

fn main() {
    let _ = ct_peer!(["--shard", "3"], ["--verbose"]);
}
