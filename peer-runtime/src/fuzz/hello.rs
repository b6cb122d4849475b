//! The hello of a caller: only the token makes it the peer.

use super::stream::Cuts;
use crate::link::handshake::{Handshake, Hello, Progress, read_hello};
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
    if let Err(why) = &read {
        assert!(why.len() < 1000, "{} bytes of error", why.len());
    }

    // Too long for a hello is refused at once.
    let length =
        bytes.strip_prefix(MAGIC).and_then(|bytes| bytes.first_chunk()).map(|length| u32::from_be_bytes(*length));
    assert!(length <= Some(1024) || checked == Progress::Refused, "a hello of {length:?} bytes: {checked:?}");

    let proved = matches!(checked, Progress::Proved(_));
    assert!(!proved || bytes.starts_with(MAGIC), "accepted without the magic");
    if proved || read.is_ok() {
        let (at, bit) = (usize::from(bit) / 8, 1 << (bit % 8));
        let mut other = TOKEN;
        other[at] ^= bit;
        assert!(!accepts(bytes, frame, &other), "another token was as good");
        let said: Vec<usize> = places(bytes).collect();
        assert!(!said.is_empty(), "accepted without the token");
        let mut forged = bytes.to_vec();
        for place in said {
            forged[place + at] ^= bit;
        }
        let frame = &forged[bytes.len() - frame.len()..];
        assert!(!accepts(&forged, frame, &TOKEN), "accepted with a token that is wrong in one bit");
    }
    if let (Progress::Proved(one), Ok(other)) = (&checked, &read) {
        assert_eq!(one, other);
    }
    proved
}

fn accepts(bytes: &[u8], frame: &[u8], token: &[u8; 32]) -> bool {
    matches!(offered(bytes, token, Cuts::WHOLE), Progress::Proved(_)) || read_hello(frame, token).is_ok()
}

/// Where the token is.
fn places(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.windows(TOKEN.len()).enumerate().filter(|(_, window)| *window == TOKEN).map(|(at, _)| at)
}

/// The result for a caller that sends `bytes`.
fn offered(mut bytes: &[u8], token: &[u8; 32], mut cuts: Cuts) -> Progress {
    let mut handshake = Handshake::new();
    loop {
        match handshake.check(token) {
            Progress::Unfinished if !bytes.is_empty() => {}
            checked => {
                if let Progress::Proved(Hello { host, .. }) = &checked {
                    assert!(host.len() < ROOM, "{} bytes of host", host.len());
                }
                return checked;
            }
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
