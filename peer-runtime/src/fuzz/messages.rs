//! Messages in both directions: any bytes are a message or an error, and a message is the same when it is sent again.

use std::collections::BTreeMap;

use crate::codec::Encoding;
use crate::wire::message::{self, ToOrigin, ToPeer};

/// A macro, because messages borrow from bytes with different lifetimes.
macro_rules! check {
    ($message:ty, $bytes:expr) => {{
        let bytes: &[u8] = $bytes;
        match message::decode::<$message>(bytes) {
            Err(fault) => {
                assert!(fault.to_string().len() < 200, "{fault}");
                None
            }
            Ok((message, payload)) => {
                let header = bytes.len() - payload.len();
                assert_eq!(payload, &bytes[header..], "the payload is not what follows the header");
                // The payload does not matter, and no byte of the header can be missing.
                let alone = message::decode::<$message>(&bytes[..header]).expect("the header alone");
                assert_eq!(alone, (message.clone(), &[][..]));
                assert!(header == 0 || message::decode::<$message>(&bytes[..header - 1]).is_err());
                let mut again = Vec::new();
                message::append(&mut again, u32::MAX as usize, &message, payload).expect("no limit");
                let same = message::decode::<$message>(&again[4..]).expect("what was encoded can be decoded");
                assert_eq!(same, (message.clone(), payload));
                Some((message, payload))
            }
        }
    }};
}

/// The content of a frame.
pub fn messages(input: &[u8]) -> bool {
    let to_peer = check!(ToPeer<'_>, input);
    let to_origin = check!(ToOrigin<'_>, input);
    if let Some((ToPeer::Boot(spec), _)) = &to_peer {
        let shown = format!("{spec:?}");
        assert!(!shown.contains(&format!("{:?}", spec.token)), "the token is shown: {shown}");
    }
    let payload = to_peer.map(|(_, payload)| payload).or(to_origin.map(|(_, payload)| payload));
    payload.inspect(|payload| check_payload(payload)).is_some()
}

/// Like a user's type: a bit of everything.
pub(super) type Payload = (String, Vec<u64>, i16, BTreeMap<String, Vec<Option<f64>>>, Result<(bool, u128), char>);

/// In either encoding, a value is the same when it is sent again. Compared as bytes, since NaN does not equal itself.
fn check_payload(bytes: &[u8]) {
    for encoding in [Encoding::Postcard, Encoding::MessagePack] {
        let Ok(value) = encoding.decode::<Payload>(bytes) else { continue };
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        encoding.append(&value, &mut once).expect("what was decoded can be encoded");
        let again: Payload = encoding.decode(&once).expect("what was encoded can be decoded");
        encoding.append(&again, &mut twice).expect("and again");
        assert_eq!(once, twice, "{encoding:?}: {value:?}");
    }
}
