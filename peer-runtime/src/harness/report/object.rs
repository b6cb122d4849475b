//! Objects of `--format json`, a line each.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json_core::ser::Error;

/// Enough for most lines.
const ROOM: usize = 4096;

/// A JSON object, in the order in which its fields were added.
#[derive(Default)]
pub(super) struct Object<'a>(Vec<(&'static str, Value<'a>)>);

pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Integer(u64),
    Float(f64),
    Bool(bool),
    Texts(&'a [String]),
    Objects(Vec<Object<'a>>),
}

impl<'a> Object<'a> {
    pub(super) fn event(of: &'a str, event: &'a str) -> Self {
        Self::default().with("type", of).with("event", event)
    }

    pub(super) fn with(mut self, field: &'static str, value: impl Into<Value<'a>>) -> Self {
        self.0.push((field, value.into()));
        self
    }

    /// Leaves the field out where there is no value.
    pub(super) fn with_some(self, field: &'static str, value: Option<impl Into<Value<'a>>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// The object in a line.
    pub(super) fn line(&self) -> String {
        let mut buffer = vec![0; ROOM];
        loop {
            match serde_json_core::to_slice(self, &mut buffer) {
                Ok(length) => return String::from_utf8_lossy(&buffer[..length]).into_owned() + "\n",
                Err(Error::BufferFull) => buffer.resize(buffer.len() * 2, 0),
                Err(error) => unreachable!("texts, numbers and lists can be written as JSON: {error}"),
            }
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(field, value)| map.serialize_entry(field, value))?;
        map.end()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => to.serialize_str(text),
            Self::Integer(number) => to.serialize_u64(*number),
            Self::Float(number) => to.serialize_f64(*number),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Texts(texts) => texts.serialize(to),
            Self::Objects(objects) => objects.serialize(to),
        }
    }
}

/// Conversions into the variants of `Value`.
macro_rules! from {
    ($($type:ty: $value:ident => $variant:expr),+ $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $variant
            }
        }
    )+};
}

from! {
    &'a str: text => Self::Text(text.into()),
    String: text => Self::Text(text.into()),
    u32: number => Self::Integer(number.into()),
    u64: number => Self::Integer(number),
    usize: number => Self::Integer(number as u64),
    f64: number => Self::Float(number),
    bool: value => Self::Bool(value),
    &'a [String]: texts => Self::Texts(texts),
    Vec<Object<'a>>: objects => Self::Objects(objects),
}
