use peer::prelude::*;

struct Key(u64);

#[remote]
fn argument(key: Key) -> u64 {
    key.0
}

#[remote]
async fn result(path: String) -> Result<std::fs::File, String> {
    std::fs::File::open(path).map_err(|error| error.to_string())
}

#[remote]
fn pointer(_address: *const u8) {}

fn main() {}
