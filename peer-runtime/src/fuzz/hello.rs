//! The hello of a caller: only the token makes it the peer.

use super::stream::Cuts;
use crate::link::handshake::{Handshake, Progress, read_hello};
use crate::wire::MAGIC;
use crate::wire::frame::ROOM;

/// The token; not UTF-8, so that no name can contain it.
pub(super) const TOKEN: [u8; 32] = *b"\xfftoken of the fuzzed hello 0123\xfe";

/// `cuts`, which bit of the token to change, and what the caller sends.
pub fn hello(input: &[u8]) -> bool {
    let Some((&[cuts, bit], bytes)) = input.split_first_chunk() else { return false };
    let checked = offered(bytes, &TOKEN, Cuts::new(cuts));
    for cuts in [Cuts::WHOLE, Cuts::SINGLE] {
        assert_eq!(checked, offered(bytes, &TOKEN, cuts));
    }
    // Over standard output it comes without the magic.
    let frame = bytes.strip_prefix(MAGIC).and_then(|bytes| bytes.get(4..)).unwrap_or(bytes);
    let read = read_hello(frame, &TOKEN);
    assert!(read.as_ref().err().is_none_or(|why| why.len() < 1000), "{read:?}");
    let length = bytes.strip_prefix(MAGIC).and_then(|bytes| bytes.first_chunk()).map(|four| u32::from_be_bytes(*four));
    assert!(length <= Some(1024) || checked == Progress::Refused, "a hello of {length:?} bytes: {checked:?}");

    let Progress::Proved(hello) = checked else {
        return false;
    };
    assert!(bytes.starts_with(MAGIC), "accepted without the magic");
    assert_eq!(read, Ok(hello));
    let accepts = |bytes: &[u8], token| matches!(offered(bytes, token, Cuts::WHOLE), Progress::Proved(_));
    let (at, bit) = (usize::from(bit) / 8, 1 << (bit % 8));
    let mut other = TOKEN;
    other[at] ^= bit;
    assert!(!accepts(bytes, &other) && read_hello(frame, &other).is_err(), "another token was as good");
    let mut forged = bytes.to_vec();
    let places = bytes.windows(TOKEN.len()).enumerate().filter(|(_, window)| *window == TOKEN);
    places.for_each(|(place, _)| forged[place + at] ^= bit);
    assert!(!accepts(&forged, &TOKEN), "accepted without the token, or with one that is wrong in one bit");
    true
}

/// The result for a caller that sends `bytes`.
fn offered(mut bytes: &[u8], token: &[u8; 32], mut cuts: Cuts) -> Progress {
    let mut handshake = Handshake::new();
    loop {
        match handshake.check(token) {
            Progress::Unfinished if !bytes.is_empty() => {}
            checked => return checked,
        }
        let spare = handshake.spare();
        assert!(!spare.is_empty(), "nowhere to put {} more bytes", bytes.len());
        let piece = cuts.next().min(spare.len()).min(bytes.len());
        spare[..piece].copy_from_slice(&bytes[..piece]);
        bytes = &bytes[piece..];
        handshake.filled(piece);
        assert!(handshake.room() <= ROOM, "a stranger was given room for {} bytes", handshake.room());
    }
}
