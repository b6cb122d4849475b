//! The protocol as a whole: what is written is read. That no bytes make it panic is in `fuzz`.

use super::frame::{Item, Stream};
use super::message::{self, Function, ToOrigin, ToPeer};
use super::{FRAME_LIMIT, MAGIC};
use crate::codec::Encoding;
use crate::mailbox::Target;

/// Everything that `stream` holds after `bytes` came in pieces of `piece`: console text, then frames.
fn read(stream: &mut Stream, bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<Vec<u8>>, bool) {
    let (mut console, mut frames) = (Vec::new(), Vec::new());
    for chunk in bytes.chunks(piece.max(1)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let spare = stream.spare();
            let fits = spare.len().min(rest.len());
            spare[..fits].copy_from_slice(&rest[..fits]);
            stream.filled(fits);
            rest = &rest[fits..];
            loop {
                match stream.next() {
                    Ok(None) => break,
                    Ok(Some(Item::Console(text))) => console.extend_from_slice(text),
                    Ok(Some(Item::Frame(frame))) => frames.push(frame.to_vec()),
                    Err(_) => return (console, frames, false),
                }
            }
        }
    }
    console.extend_from_slice(stream.rest());
    (console, frames, true)
}

fn messages() -> Vec<Vec<u8>> {
    let to = Target::Address { home: 7, table: 1, name: "inbox".to_owned() };
    let signature = "rows(String) -> u64";
    let mut all = vec![message::small(&ToPeer::Halt), message::small(&ToOrigin::Bye)];
    let calls = [
        ToPeer::Call { seq: 1, function: Function::Typed("suite::sum") },
        ToPeer::Cast { function: Function::Named { module: "mydb::admin", name: "rows", signature } },
        ToPeer::Message { to, type_name: "u32", encoding: Encoding::MessagePack },
    ];
    for call in calls {
        let mut frame = Vec::new();
        message::append(&mut frame, FRAME_LIMIT, &call, b"payload").expect("shorter than the limit");
        assert_eq!(message::decode::<ToPeer<'_>>(&frame[4..]).expect("a message"), (call, &b"payload"[..]));
        all.push(frame);
    }
    all
}

#[test]
fn text_before_the_magic_is_console_however_it_is_cut() {
    let mut bytes = b"Welcome to host\n\0\xffpee".to_vec();
    bytes.extend_from_slice(MAGIC);
    let frames = messages();
    bytes.extend(frames.concat());
    for piece in 1..=bytes.len() {
        let (console, found, ok) = read(&mut Stream::text(FRAME_LIMIT), &bytes, piece);
        assert!(ok, "pieces of {piece}");
        assert_eq!(console, b"Welcome to host\n\0\xffpee", "pieces of {piece}");
        assert_eq!(found.len(), frames.len(), "pieces of {piece}");
    }
}

#[test]
fn text_without_a_magic_is_all_console() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(read(&mut Stream::text(FRAME_LIMIT), &bytes, 4093).0, bytes);
}

#[test]
fn a_frame_beyond_the_limit_is_refused_before_it_is_read() {
    let mut stream = Stream::frames(1000);
    let (_, frames, ok) = read(&mut stream, b"Segmentation fault", 5);
    assert!(frames.is_empty() && !ok);
    let fault = stream.next().expect_err("its length is still there").to_string();
    assert!(fault.contains("1399154541") && fault.contains("1000") && fault.contains("Segm"), "{fault}");
}

#[test]
fn a_large_frame_arrives_whole_and_its_room_is_given_back() {
    let mut bytes = Vec::new();
    super::frame::append(&mut bytes, FRAME_LIMIT, |out| out.extend(vec![7; 9 << 20])).expect("shorter than the limit");
    let mut stream = Stream::frames(FRAME_LIMIT);
    let (_, frames, ok) = read(&mut stream, &bytes, 64 << 10);
    assert!(ok && frames.len() == 1 && frames[0].len() == 9 << 20);
    assert!(stream.spare().len() <= 64 << 10);
}

#[test]
fn behind_the_last_words_everything_is_console() {
    let text = [b"text ", &MAGIC[..], b"\0\0\0\x01x"].concat();
    let mut stream = Stream::text(FRAME_LIMIT);
    read(&mut stream, &[&MAGIC[..], &message::small(&ToOrigin::Bye)].concat(), 7);
    stream.end_frames();
    for piece in 1..=text.len() {
        let (console, frames, ok) = read(&mut stream, &text, piece);
        assert!(ok && frames.is_empty(), "pieces of {piece}: {frames:?}");
        assert_eq!(console, text, "pieces of {piece}");
    }
}
