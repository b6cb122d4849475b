use peer::prelude::*;

#[remote]
fn argument(_text: &str, _list: &[u8], _nested: Option<(u8, &String)>) {}

#[remote]
fn result() -> Vec<&'static str> {
    vec![]
}

#[remote]
fn elided(_text: std::borrow::Cow<'_, str>) {}

fn main() {}
