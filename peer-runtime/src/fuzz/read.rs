//! A stream, read in pieces; and what it has to be, worked out in the plainest way from all the bytes at once.

use super::Cuts;
use crate::wire::MAGIC;
use crate::wire::frame::{Item, ROOM, Stream};
use crate::wire::message::{self, ToOrigin};

/// What a stream consists of; texts that follow each other are one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) parts: Vec<Part>,
    /// The length that was refused.
    pub(super) too_long: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    Frame(Vec<u8>),
}

impl Read {
    fn add_text(&mut self, text: &[u8]) {
        match self.parts.last_mut() {
            Some(Part::Text(before)) => before.extend_from_slice(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text(text.to_vec())),
        }
    }

    /// All the text.
    pub(super) fn text(&self) -> Vec<u8> {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&text[..]),
            Part::Frame(_) => None,
        });
        texts.collect::<Vec<_>>().concat()
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Frame(frame) => Some(frame),
            Part::Text(_) => None,
        })
    }
}

/// Reads `bytes` from `stream`, whose limit is `limit`, as the origin's end of a connection does.
pub(super) fn read(mut stream: Stream, limit: usize, mut bytes: &[u8], mut cuts: Cuts) -> Read {
    let (mut found, mut arrived) = (Read::default(), 0);
    while !bytes.is_empty() {
        let spare = stream.spare();
        assert!(!spare.is_empty(), "nowhere to put {} more bytes", bytes.len());
        let room = spare.len();
        let piece = cuts.next().min(room).min(bytes.len());
        spare[..piece].copy_from_slice(&bytes[..piece]);
        bytes = &bytes[piece..];
        stream.filled(piece);
        arrived += piece;
        // No length alone makes it grow: neither beyond what has arrived vouches for, nor beyond what is allowed.
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
                    let last = is_last(frame);
                    found.parts.push(Part::Frame(frame.to_vec()));
                    if last {
                        stream.end_frames();
                    }
                }
                Err(fault) => {
                    assert!(fault.length > limit && fault.limit == limit, "{fault}");
                    assert!(fault.start.chars().count() <= 60, "{fault}");
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

/// What [`read`] has to find.
pub(super) fn expected(framed: bool, limit: usize, bytes: &[u8]) -> Read {
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
        found.parts.push(Part::Frame(frame.to_vec()));
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
