//! Errors and memory of streams. What is read, and that no bytes cause a panic, is tested in `fuzz`.

use super::FRAME_LIMIT;
use super::frame::{self, Item, Stream};

fn fill(stream: &mut Stream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let spare = stream.spare();
        let fits = spare.len().min(bytes.len());
        spare[..fits].copy_from_slice(&bytes[..fits]);
        stream.filled(fits);
        bytes = &bytes[fits..];
    }
}

#[test]
fn a_frame_beyond_the_limit_is_refused_before_it_is_read() {
    let mut stream = Stream::frames(1000);
    fill(&mut stream, b"Segmentation fault");
    let error = stream.next().expect_err("too long").to_string();
    assert!(error.contains("1399154541") && error.contains("1000") && error.contains("Segm"), "{error}");
}

#[test]
fn a_large_frame_arrives_whole_and_its_room_is_given_back() {
    let mut bytes = Vec::new();
    frame::append(&mut bytes, FRAME_LIMIT, |out| out.extend(vec![7; 9 << 20])).expect("shorter than the limit");
    let mut stream = Stream::frames(FRAME_LIMIT);
    fill(&mut stream, &bytes);
    assert_eq!(stream.next(), Ok(Some(Item::Frame(&bytes[4..]))));
    assert!(stream.spare().len() <= 64 << 10);
    assert_eq!(frame::append(&mut bytes, 10, |out| out.resize(out.len() + 11, 0)), Err(11));
    assert_eq!(bytes.len(), 4 + (9 << 20), "a frame that does not fit leaves nothing");
}
