use peer::prelude::*;

#[remote]
async fn open(path: String) -> Result<std::fs::File, String> {
    std::fs::File::open(path).map_err(|error| error.to_string())
}

fn main() {}
