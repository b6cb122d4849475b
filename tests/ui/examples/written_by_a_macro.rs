use peer::prelude::*;

macro_rules! items {
    ($($item:item)*) => { $(#[remote] $item)* };
}
macro_rules! parts {
    ($visibility:vis fn $name:ident($type:ty) $body:block) => {
        #[remote]
        $visibility fn $name(_argument: $type) -> Vec<$type> $body
    };
}

items! {
    fn first(x: u8) -> u8 { x }
    async fn second() {}
}
parts! { pub fn third(Option<u8>) { vec![None] } }

fn main() {
    assert_eq!((first(1), third(None).len()), (1, 1));
}
