use peer::prelude::*;

#[remote]
const fn add((left, _): (u8, u8), mut right: u8) -> u8 {
    right += left;
    right
}

#[remote]
#[allow(clippy::too_many_arguments)]
async fn twelve(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}

#[remote]
pub fn r#type(value: std::borrow::Cow<'static, str>) -> Result<Box<str>, String> {
    Ok(value.into())
}

fn main() {
    #[remote]
    fn inner() {}
    inner();
    assert_eq!(add((1, 2), 3), 4);
}
