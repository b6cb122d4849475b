use peer::prelude::*;

#[remote]
async fn holds(value: u64) -> u64 {
    let shared = std::rc::Rc::new(value);
    std::future::ready(()).await;
    *shared
}

fn main() {}
