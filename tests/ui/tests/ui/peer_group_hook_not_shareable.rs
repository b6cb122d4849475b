use peer::prelude::*;

#[peer_group]
mod group {
    async fn init_per_group() -> peer::Result<std::cell::Cell<u8>> {
        Ok(std::cell::Cell::new(1))
    }
    async fn init_per_testcase() -> std::rc::Rc<u8> {
        std::rc::Rc::new(1)
    }
}

fn main() {}
