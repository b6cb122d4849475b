//! Messages in both directions: any bytes are a message or an error, and what is a message is the same when it is sent again.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::barrier::{Broken, Verdict};
use crate::codec::Encoding;
use crate::error::Break;
use crate::state::Reason;
use crate::wire::message::{self, BootSpec, Connect, ToOrigin, ToPeer};

/// Serde sets at most 1 MiB aside for a length that the bytes behind it do not bear out.
const SET_ASIDE: usize = 1 << 20;

/// A macro, because what is decoded borrows from bytes that live differently long.
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
                // The payload has no say in it, and no byte of the header can be missing.
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
    for held in [to_peer.as_ref().map(|(message, _)| held_by_peer(message)), to_origin.as_ref().map(held_by_origin)] {
        assert!(held <= Some(input.len() + SET_ASIDE), "{held:?} bytes held for {}", input.len());
    }
    if let Some((ToPeer::Boot(spec), _)) = &to_peer {
        let shown = format!("{spec:?}");
        assert!(!shown.contains(&format!("{:?}", spec.token)), "the token is shown: {shown}");
    }
    let payloads = [to_peer.as_ref().map(|(_, payload)| *payload), to_origin.as_ref().map(|(_, payload)| *payload)];
    for payload in payloads.into_iter().flatten() {
        check_payload::<Payload>(payload);
    }
    to_peer.is_some() || to_origin.is_some()
}

/// How many bytes a message keeps in memory of its own.
fn held_by_peer(message: &ToPeer<'_>) -> usize {
    match message {
        ToPeer::Boot(BootSpec { name, host, origin, connect, .. }) => {
            let addresses = match connect {
                Connect::Tcp { addresses, .. } => {
                    addresses.capacity() * size_of_val(&addresses[..1.min(addresses.len())])
                }
                Connect::StandardIo => 0,
            };
            name.capacity() + host.as_ref().map_or(0, String::capacity) + origin.capacity() + addresses
        }
        ToPeer::Message { to, .. } => to.name().len(),
        ToPeer::Barrier { verdict: Verdict::Broken(Broken { why, text, hint, node, output }), .. } => {
            let reason = match why {
                Break::Down(Reason::Protocol(text) | Reason::Unheard(text)) => text.capacity(),
                _ => 0,
            };
            let texts = [hint, node].into_iter().flatten().chain([text, output]);
            texts.map(String::capacity).sum::<usize>() + reason
        }
        _ => 0,
    }
}

fn held_by_origin((message, _): &(ToOrigin<'_>, &[u8])) -> usize {
    match message {
        ToOrigin::Panic { panic, .. } => panic.message().len() + panic.location().len() + panic.backtrace().len(),
        ToOrigin::Message { to, .. } => to.name().len(),
        _ => 0,
    }
}

/// As users' types are: a bit of everything.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    text: String,
    numbers: Vec<u64>,
    small: i16,
    table: BTreeMap<String, Vec<Option<f64>>>,
    kind: Kind,
    message: char,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Unit,
    Pair(bool, u128),
    Fields { result: Result<i64, String>, unit: () },
}

/// In either encoding, what is decoded is the same when it is sent again. Compared as bytes: no number that is none equals itself.
fn check_payload<T: Serialize + for<'a> Deserialize<'a> + Debug>(bytes: &[u8]) {
    for encoding in [Encoding::Postcard, Encoding::MessagePack] {
        let Ok(value) = encoding.decode::<T>(bytes) else { continue };
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        encoding.append(&value, &mut once).expect("what was decoded can be encoded");
        let again: T = encoding.decode(&once).expect("what was encoded can be decoded");
        encoding.append(&again, &mut twice).expect("and again");
        assert_eq!(once, twice, "{encoding:?}: {value:?}");
    }
}
