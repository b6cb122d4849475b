//! Frames from their first byte on: what arrives is what was sent, however it is cut.

use super::Cuts;
use super::read::{Part, expected, read};
use crate::wire::FRAME_LIMIT;
use crate::wire::frame::{self, Stream};

const LIMITS: [usize; 8] = [0, 1, 100, 1024, 16 << 10, 100_000, FRAME_LIMIT, u32::MAX as usize];

/// `limit`, `cuts`, whether and where a long frame comes in between, and the bytes of the stream.
pub fn frames(input: &[u8]) -> bool {
    let Some((&[limit, cuts, long, at], bytes)) = input.split_first_chunk() else { return false };
    let limit = LIMITS[usize::from(limit) % LIMITS.len()];
    let (before, behind) = bytes.split_at(usize::from(at).min(bytes.len()));
    let (mut stream, mut cuts) = (before.to_vec(), cuts);
    let long_frame = long_frame(limit, long);
    if !long_frame.is_empty() {
        // In small pieces that would take long.
        cuts = cuts % 6 + 8;
    }
    stream.extend(long_frame);
    stream.extend_from_slice(behind);

    let found = read(Stream::frames(limit), limit, &stream, Cuts::new(cuts));
    assert_eq!(found, expected(true, limit, &stream));
    assert_eq!(found, read(Stream::frames(limit), limit, &stream, Cuts::WHOLE));
    if stream.len() < 4096 {
        assert_eq!(found, read(Stream::frames(limit), limit, &stream, Cuts::SINGLE));
    }

    // Sent again, it is what came.
    let mut again = Vec::new();
    for part in &found.parts {
        match part {
            Part::Frame(content) => {
                let fits = frame::append(&mut again, limit, |out| out.extend_from_slice(content));
                assert_eq!(fits, Ok(()), "it fitted when it came");
            }
            Part::Text(text) => again.extend_from_slice(text),
        }
    }
    assert!(stream.starts_with(&again), "sent again, it is something else");
    found.frames().next().is_some_and(|frame| !frame.is_empty())
}

/// A frame that is longer than inputs usually are, for which the buffer has to grow: whole where `kind` is above 192, and
/// begun where it is above 128.
fn long_frame(limit: usize, kind: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let arrives = usize::from(kind % 64) << 10;
    match kind {
        ..=128 | 192 => {}
        ..192 => {
            let promised = limit.clamp(arrives, 1 << 30) as u32;
            out.extend_from_slice(&promised.to_be_bytes());
            out.resize(4 + arrives, kind);
        }
        _ => {
            let fits = frame::append(&mut out, limit, |out| out.resize(out.len() + arrives, kind));
            assert_eq!(fits, if arrives > limit { Err(arrives) } else { Ok(()) });
            assert_eq!(out.len(), if arrives > limit { 0 } else { 4 + arrives }, "what does not fit leaves nothing");
            assert!(out.is_empty() || out[..4] == (arrives as u32).to_be_bytes());
        }
    }
    out
}
