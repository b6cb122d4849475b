use peer::prelude::*;

#[remote(name = "sum")]
fn sum(values: Vec<u64>) -> u64 {
    values.iter().sum()
}

#[remote]
struct Store;

#[remote]
pub(crate) const LIMIT: usize = 3;

impl Store {
    #[remote]
    fn rows(&self) -> u64 {
        0
    }
}

trait Rows {
    #[remote]
    fn rows(table: String) -> u64;
}

#[remote]
unsafe extern "C" fn dangerous(address: usize) -> u8 {
    address as u8
}

#[remote]
fn generic<'a, T, const N: usize>(_text: std::borrow::Cow<'a, str>, value: T) -> T
where
    T: Clone,
{
    value
}

#[remote]
fn sometimes(#[cfg(unix)] _mode: u32, _path: String) {}

#[remote]
#[rustfmt::skip]
fn many(
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _thirteenth: u8,
) {}

#[remote]
fn references(_text: &str, _nested: Option<(u8, &[String])>) -> Vec<&'static str> {
    vec![]
}

#[remote]
fn elided(_text: std::borrow::Cow<'_, str>) {}

#[remote]
fn opaque(values: Vec<impl Into<u64>>) -> impl Future<Output = usize> {
    std::future::ready(values.len())
}

fn main() {}
