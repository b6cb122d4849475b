//! Payloads: serde values as bytes, in one of two encodings that each payload names.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Encoding {
    /// Between equal builds: not self-describing, so both sides must mean the same type.
    Postcard,
    /// Between different builds: self-describing, a mismatch is found.
    MessagePack,
}

impl Encoding {
    /// Appends `value` to `out`; on error `out` is as it was.
    pub(crate) fn append<T: Serialize + ?Sized>(self, value: &T, out: &mut Vec<u8>) -> Result<(), String> {
        let before = out.len();
        let appended = match self {
            Self::Postcard => {
                postcard::serialize_with_flavor(value, Appending(&mut *out)).map_err(|error| error.to_string())
            }
            Self::MessagePack => {
                let mut writer = rmp_serde::Serializer::new(&mut *out).with_struct_map();
                value.serialize(&mut writer).map_err(|error| error.to_string())
            }
        };
        if appended.is_err() {
            out.truncate(before);
        }
        appended
    }

    /// The value in `bytes`, which must hold nothing else.
    pub(crate) fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, String> {
        match self {
            Self::Postcard => match postcard::take_from_bytes(bytes) {
                Ok((value, [])) => Ok(value),
                Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
                Err(error) => Err(error.to_string()),
            },
            Self::MessagePack => {
                let mut rest = bytes;
                let value =
                    T::deserialize(&mut rmp_serde::Deserializer::new(&mut rest)).map_err(|error| error.to_string())?;
                if rest.is_empty() { Ok(value) } else { Err(format!("{} bytes too many", rest.len())) }
            }
        }
    }
}

/// Makes postcard append to a buffer; its own flavors take the buffer, and lose it on error.
struct Appending<'a>(&'a mut Vec<u8>);

impl Flavor for Appending<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
