//! Streams of frames and text: what arrives is what was sent, in whatever pieces.

use crate::wire::frame::{Item, ROOM, Stream};
use crate::wire::message::{self, ToOrigin};
use crate::wire::{FRAME_LIMIT, MAGIC};

const LIMITS: [usize; 8] = [0, 1, 100, 1024, 16 << 10, 100_000, FRAME_LIMIT, u32::MAX as usize];

/// Frames from the first byte on: `limit`, `cuts`, and the bytes of the stream.
pub fn frames(input: &[u8]) -> bool {
    let Some((&[limit, cuts], bytes)) = input.split_first_chunk() else { return false };
    let limit = LIMITS[usize::from(limit) % LIMITS.len()];
    let found = checked(true, limit, bytes, Cuts::new(cuts));
    found.frames().next().is_some_and(|frame| !frame.is_empty())
}

/// Reads `bytes` in all ways of cutting, which must agree.
pub(super) fn checked(framed: bool, limit: usize, bytes: &[u8], cuts: Cuts) -> Read {
    let stream = || if framed { Stream::frames(limit) } else { Stream::text(limit) };
    let found = read(stream(), limit, bytes, cuts);
    assert_eq!(found, expected(framed, limit, bytes));
    assert_eq!(found, read(stream(), limit, bytes, Cuts::WHOLE));
    if bytes.len() < 4096 {
        assert_eq!(found, read(stream(), limit, bytes, Cuts::SINGLE));
    }
    found
}

/// Sizes of reads, made from one byte of an input.
#[derive(Clone, Debug)]
pub(super) struct Cuts {
    state: u32,
    longest: usize,
}

impl Cuts {
    pub(super) const WHOLE: Self = Self { state: 0, longest: usize::MAX };
    /// Byte by byte.
    pub(super) const SINGLE: Self = Self { state: 0, longest: 1 };

    pub(super) fn new(seed: u8) -> Self {
        Self { state: u32::from(seed), longest: 2 << (seed % 14) }
    }

    /// The size of the next read, at least 1.
    pub(super) fn next(&mut self) -> usize {
        if self.longest == usize::MAX {
            return self.longest;
        }
        // Numerical Recipes' generator: any sequence that is always the same.
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (self.state >> 8) as usize % self.longest
    }

    /// Takes the next piece off `bytes`.
    pub(super) fn piece<'a>(&mut self, bytes: &mut &'a [u8]) -> &'a [u8] {
        let (piece, rest) = bytes.split_at(self.next().min(bytes.len()));
        *bytes = rest;
        piece
    }
}

/// The content of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Frames, and the texts between them; true for a frame.
    parts: Vec<(bool, Vec<u8>)>,
    /// The length of a frame beyond the limit.
    too_long: Option<usize>,
}

impl Read {
    fn add_text(&mut self, text: &[u8]) {
        match self.parts.last_mut() {
            Some((false, before)) => before.extend_from_slice(text),
            _ if text.is_empty() => {}
            _ => self.parts.push((false, text.to_vec())),
        }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        self.parts.iter().filter(|(is_frame, _)| !is_frame).flat_map(|(_, text)| text).copied().collect()
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.parts.iter().filter(|(is_frame, _)| *is_frame).map(|(_, frame)| frame)
    }
}

/// Reads `bytes` as the origin's end of a connection does, from a stream with this limit.
fn read(mut stream: Stream, limit: usize, mut bytes: &[u8], mut cuts: Cuts) -> Read {
    let (mut found, mut arrived) = (Read::default(), 0);
    while !bytes.is_empty() {
        let spare = stream.spare();
        assert!(!spare.is_empty(), "nowhere to put {} more bytes", bytes.len());
        let piece = cuts.next().min(spare.len()).min(bytes.len());
        spare[..piece].copy_from_slice(&bytes[..piece]);
        bytes = &bytes[piece..];
        stream.filled(piece);
        arrived += piece;
        // The length of a frame alone must not make the buffer grow, and nothing beyond the limit.
        let most = arrived.saturating_mul(8).min(limit.saturating_add(4).saturating_mul(2)).max(ROOM);
        assert!(stream.room() <= most, "room for {} bytes after {arrived}, limit {limit}", stream.room());
        loop {
            let waits = stream.has_frame();
            match stream.next() {
                Ok(None) => {
                    assert!(!waits, "a frame that waited is not there");
                    break;
                }
                Ok(Some(Item::Console(text))) => {
                    assert!(!waits && !text.is_empty(), "{} bytes of text; a frame waits: {waits}", text.len());
                    found.add_text(text);
                }
                Ok(Some(Item::Frame(frame))) => {
                    assert!(frame.len() <= limit, "a frame of {} bytes, limit {limit}", frame.len());
                    found.parts.push((true, frame.to_vec()));
                    if is_last(frame) {
                        stream.end_frames();
                    }
                }
                Err(fault) => {
                    assert!(fault.length > limit && fault.start.chars().count() <= 60, "{fault}");
                    found.too_long = Some(fault.length);
                    return found;
                }
            }
        }
    }
    found.add_text(stream.rest());
    assert!(stream.rest().is_empty(), "the rest, twice");
    found
}

/// What [`read`] must find, from all bytes at once.
fn expected(framed: bool, limit: usize, bytes: &[u8]) -> Read {
    let (mut found, mut rest) = (Read::default(), bytes);
    if !framed {
        let magic = bytes.windows(MAGIC.len()).position(|window| window == MAGIC);
        found.add_text(&bytes[..magic.unwrap_or(bytes.len())]);
        rest = magic.map_or(&[], |at| &bytes[at + MAGIC.len()..]);
    }
    while let Some((prefix, behind)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > limit {
            found.too_long = Some(length);
            break;
        }
        let Some((frame, behind)) = behind.split_at_checked(length) else { break };
        found.parts.push((true, frame.to_vec()));
        if is_last(frame) {
            found.add_text(behind);
            break;
        }
        rest = behind;
    }
    found
}

fn is_last(frame: &[u8]) -> bool {
    matches!(message::decode::<ToOrigin<'_>>(frame), Ok((ToOrigin::Bye, _)))
}
