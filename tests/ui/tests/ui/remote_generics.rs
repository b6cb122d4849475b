use peer::prelude::*;

#[remote]
fn generic<T, const N: usize>(value: T) -> T
where
    T: Clone,
{
    value
}

#[remote]
fn lifetime<'a>(_value: std::borrow::Cow<'a, str>) {}

fn main() {}
