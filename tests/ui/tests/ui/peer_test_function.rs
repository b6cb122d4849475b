use peer::prelude::*;

#[peer_test]
mod quick {}

#[peer_test]
fn plain() {}

#[peer_test]
const fn is_const() {}

#[peer_test]
async unsafe extern "C" fn is_unsafe() {}

#[peer_test]
async fn generic<T: Default, const N: usize>()
where
    u8: Copy,
{
}

#[peer_test]
async fn conditional(#[cfg(unix)] _number: &u8) {}

#[peer_test]
#[tokio::test]
async fn twice() {}

#[peer_test]
#[ignore(slow)]
#[should_panic(with = "text")]
async fn malformed() {}

#[peer_test]
#[should_panic]
async fn both() -> peer::Result {
    Ok(())
}

#[peer_test(flavour = "multi_thread")]
fn two() {}

struct Suite;

impl Suite {
    #[peer_test]
    async fn method(&self) {}
}

fn main() {}
