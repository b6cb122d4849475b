//! Frames from their first byte on: what arrives is what was sent, however it is cut.

use super::Cuts;
use super::read::{Part, expected, read};
use crate::wire::FRAME_LIMIT;
use crate::wire::frame::{self, Stream};

const LIMITS: [usize; 8] = [0, 1, 100, 1024, 16 << 10, 100_000, FRAME_LIMIT, u32::MAX as usize];

/// `limit`, `cuts`, beyond 192 the KiB of a frame that comes first, and the bytes of the stream.
pub fn frames(input: &[u8]) -> bool {
    let Some((&[limit, cuts, first], bytes)) = input.split_first_chunk() else { return false };
    let limit = LIMITS[usize::from(limit) % LIMITS.len()];
    let (mut stream, mut cuts) = (Vec::new(), cuts);
    if first > 192 {
        // Longer than inputs usually are: the buffer has to grow for it. In small pieces that would take long.
        cuts = cuts % 6 + 8;
        let wanted = usize::from(first - 192) << 10;
        let fits = frame::append(&mut stream, limit, |out| out.resize(out.len() + wanted, first));
        assert_eq!(fits, if wanted > limit { Err(wanted) } else { Ok(()) });
        assert_eq!(
            stream.len(),
            if wanted > limit { 0 } else { wanted + 4 },
            "a frame that does not fit leaves nothing"
        );
    }
    stream.extend_from_slice(bytes);

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
