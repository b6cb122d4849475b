//! Frames: bytes in, frames and console text out; and back.

use super::MAGIC;

/// Bytes of the length before each frame.
const PREFIX: usize = 4;
/// The size of a buffer at first, and again after a large frame.
pub(crate) const ROOM: usize = 16 << 10;
/// A larger buffer is freed when it is empty.
const KEEP: usize = 4 << 20;

/// The error of a stream that does not consist of frames.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a frame of {length} bytes, where at most {limit} are allowed; it starts with {start:?}")]
pub(crate) struct TooLong {
    pub(crate) length: usize,
    pub(crate) limit: usize,
    /// The first bytes as text, to recognise a program's output in place of a frame.
    pub(crate) start: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// Text for the console.
    Console(&'a [u8]),
    Frame(&'a [u8]),
}

/// The receiving end: bytes in, frames out.
#[derive(Debug)]
pub(crate) struct Stream {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    carries: Carries,
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    /// Console text as far as [`MAGIC`], then frames.
    TextThenFrames,
    Frames,
    /// Console text to the end, whatever it looks like.
    Text,
}

impl Stream {
    /// A stream that carries console text until [`MAGIC`].
    pub(crate) fn text(limit: usize) -> Self {
        Self { buffer: vec![0; room(limit)], start: 0, end: 0, carries: Carries::TextThenFrames, limit }
    }

    /// A stream that carries frames from its first byte on.
    pub(crate) fn frames(limit: usize) -> Self {
        Self { carries: Carries::Frames, ..Self::text(limit) }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        if self.buffer.len() < room(limit) {
            self.buffer.resize(room(limit), 0);
        }
    }

    /// From here on everything is console text.
    pub(crate) fn end_frames(&mut self) {
        self.carries = Carries::Text;
    }

    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > KEEP {
                self.buffer = vec![0; ROOM];
            }
        }
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                let larger = self.larger();
                self.buffer.resize(larger, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// The next size of a full buffer: what the frame needs, but at most 8 times what has arrived.
    fn larger(&self) -> usize {
        let has = self.buffer.len();
        let promised = match self.buffer[self.start..self.end].first_chunk::<PREFIX>() {
            Some(prefix) if self.carries == Carries::Frames => {
                (u32::from_be_bytes(*prefix) as usize).saturating_add(PREFIX)
            }
            _ => 0,
        };
        promised.clamp(has * 2, has * 8)
    }

    /// So many bytes were written to [`spare`](Self::spare).
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    /// The next item that has arrived completely.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'_>>, TooLong> {
        if self.carries != Carries::Frames
            && let Some((start, end)) = self.text_range()
        {
            return Ok(Some(Item::Console(&self.buffer[start..end])));
        }
        if self.carries != Carries::Frames {
            return Ok(None);
        }
        Ok(self.frame_range()?.map(|(start, end)| {
            self.start = end;
            Item::Frame(&self.buffer[start..end])
        }))
    }

    pub(crate) fn has_frame(&self) -> bool {
        self.carries == Carries::Frames && matches!(self.frame_range(), Ok(Some(_)))
    }

    fn frame_range(&self) -> Result<Option<(usize, usize)>, TooLong> {
        let bytes = &self.buffer[self.start..self.end];
        let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > self.limit {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
            return Err(TooLong { length, limit: self.limit, start });
        }
        let start = self.start + PREFIX;
        Ok((rest.len() >= length).then_some((start, start + length)))
    }

    /// Takes the text up to the magic, and the magic.
    fn text_range(&mut self) -> Option<(usize, usize)> {
        let bytes = &self.buffer[self.start..self.end];
        let from = self.start;
        if self.carries == Carries::Text {
            self.start = self.end;
            return (!bytes.is_empty()).then_some((from, self.end));
        }
        let text = match bytes.windows(MAGIC.len()).position(|window| window == MAGIC) {
            Some(at) => {
                self.carries = Carries::Frames;
                self.start += at + MAGIC.len();
                at
            }
            None => {
                // The magic may begin in the last bytes.
                let longest = (MAGIC.len() - 1).min(bytes.len());
                let entries = (1..=longest).rev().find(|&n| bytes.ends_with(&MAGIC[..n])).unwrap_or(0);
                self.start = self.end - entries;
                bytes.len() - entries
            }
        };
        (text > 0).then_some((from, from + text))
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn room(&self) -> usize {
        self.buffer.len()
    }

    /// The text that is left at the end of the stream, without an incomplete frame.
    pub(crate) fn rest(&mut self) -> &[u8] {
        let start = std::mem::replace(&mut self.start, self.end);
        if self.carries == Carries::Frames { &[] } else { &self.buffer[start..self.end] }
    }
}

/// The size of a new buffer.
fn room(limit: usize) -> usize {
    limit.saturating_add(PREFIX).min(ROOM)
}

/// Appends a frame whose content `write` appends. The error is a length beyond `limit`; `out` is as it was then.
pub(crate) fn append(out: &mut Vec<u8>, limit: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), usize> {
    let start = out.len();
    begin(out);
    write(out);
    let fits = finish(&mut out[start..], limit);
    if fits.is_err() {
        out.truncate(start);
    }
    fits
}

/// Appends space for the length of a frame, whose content follows.
pub(crate) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; PREFIX]);
}

/// Writes the length of `frame` at its beginning. The error is a length beyond `limit`.
pub(crate) fn finish(frame: &mut [u8], limit: usize) -> Result<(), usize> {
    let length = frame.len() - PREFIX;
    match u32::try_from(length) {
        Ok(prefix) if length <= limit => {
            frame[..PREFIX].copy_from_slice(&prefix.to_be_bytes());
            Ok(())
        }
        _ => Err(length),
    }
}
