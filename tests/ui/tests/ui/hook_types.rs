use peer::prelude::*;

#[init_per_suite]
async fn fallible() -> peer::Result<std::cell::Cell<u8>> {
    Ok(std::cell::Cell::new(1))
}

#[peer_group]
mod group {
    use super::*;

    #[init_per_group]
    async fn infallible() -> std::rc::Rc<u8> {
        std::rc::Rc::new(1)
    }

    #[init_per_testcase]
    async fn opaque() -> impl Send {
        1
    }

    #[end_per_testcase]
    async fn ends_with_a_value(_count: u32) -> u8 {
        1
    }
}

fn main() {}
