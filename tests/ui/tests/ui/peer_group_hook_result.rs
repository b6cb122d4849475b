use peer::prelude::*;

#[peer_group]
mod group {
    async fn init_per_group(list: &Vec<String>) -> &String {
        &list[0]
    }
    async fn init_per_testcase() -> Result<impl Send, std::io::Error> {
        Ok(1)
    }
}

fn main() {}
