//! The first inputs: what correct peers and origins send, and what others do.

use std::net::SocketAddr;

use serde::Serialize;

use super::hello::TOKEN;
use super::messages::Payload;
use crate::barrier::{Broken, Members, Verdict};
use crate::codec::Encoding;
use crate::error::Break;
use crate::mailbox::Target;
use crate::panic::caught;
use crate::state::Reason;
use crate::timeouts::{BARRIER, UNLIMITED};
use crate::wire::message::{self, BootSpec, Connect, Function, Refusal, ToOrigin, ToPeer};
use crate::wire::{FRAME_LIMIT, MAGIC, PROTOCOL};

/// Inputs for the target of this name.
pub(super) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "console" => console(),
        "frames" => frames(),
        "hello" => hello(),
        "messages" => both().iter().map(|frame| frame[4..].to_vec()).collect(),
        _ => panic!("no seeds for `{target}`: write some"),
    }
}

fn both() -> Vec<Vec<u8>> {
    let mut all = to_peer();
    all.extend(to_origin());
    all
}

fn frame<M: Serialize>(message: &M, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    message::append(&mut frame, FRAME_LIMIT, message, payload).expect("shorter than the limit");
    frame
}

fn first_words() -> ToOrigin<'static> {
    ToOrigin::Hello { protocol: PROTOCOL, token: TOKEN, build: 1 << 99, os_pid: 4711, host: "host", home: u128::MAX }
}

/// A payload in both encodings.
fn payloads() -> [Vec<u8>; 2] {
    let table = [("key".to_owned(), vec![None, Some(0.5), Some(f64::NAN)])].into();
    let payload: Payload = ("some text".to_owned(), vec![0, 300, u64::MAX], -2, table, Err('é'));
    [Encoding::Postcard, Encoding::MessagePack].map(|encoding| {
        let mut bytes = Vec::new();
        encoding.append(&payload, &mut bytes).expect("it can be encoded");
        bytes
    })
}

fn to_peer() -> Vec<Vec<u8>> {
    let [postcard, message_pack] = payloads();
    let boot = |connect| {
        ToPeer::Boot(BootSpec {
            protocol: PROTOCOL,
            name: "suite-case-1-4711".to_owned(),
            host: Some("localhost".to_owned()),
            longnames: true,
            origin: "suite-4710@host".to_owned(),
            token: TOKEN,
            connect,
            build: 1 << 99,
            frame_limit: u32::MAX,
            terminal: Some(1),
            input: true,
            debug: false,
            directory: Some("/tmp/suite-case-4710-1/suite-case-1-4711".into()),
        })
    };
    let addresses: Vec<SocketAddr> =
        ["127.0.0.1:4000", "[::1]:65535"].iter().map(|text| text.parse().expect("an address")).collect();
    let named = Function::Named { module: "mydb::admin", name: "rows", signature: "rows(String) -> u64" };
    let to = Target::Name("inbox".to_owned());
    let broken = Broken {
        node: Some("suite-case-2-4711@host".to_owned()),
        output: "no quorum".to_owned(),
        ..Broken::new(Break::Down(Reason::Protocol("no magic".to_owned())), "the node went down").hint("look")
    };
    vec![
        frame(&boot(Connect::StandardIo), &[]),
        frame(&boot(Connect::Tcp { addresses, heartbeat: true }), &[]),
        frame(&ToPeer::Call { seq: 1, function: Function::Typed("suite::sum") }, &postcard),
        frame(&ToPeer::Cast { function: named }, &message_pack),
        frame(&ToPeer::Message { to, type_name: "suite::Ping", encoding: Encoding::Postcard }, &postcard),
        frame(&ToPeer::Halt, &[]),
        frame(&ToPeer::Shutdown, &[]),
        frame(&ToPeer::Input, b"a line\n"),
        frame(&ToPeer::EndOfInput, &[]),
        frame(&ToPeer::Ping, &[]),
        frame(&ToPeer::Barrier { id: 1, verdict: Verdict::Passed }, &[]),
        frame(&ToPeer::Barrier { id: u64::MAX, verdict: Verdict::Broken(broken) }, &[]),
    ]
}

fn to_origin() -> Vec<Vec<u8>> {
    let [postcard, message_pack] = payloads();
    let to = Target::Address { home: 7, table: 1, name: "replies".to_owned() };
    let arrive = |id, members, timeout| ToOrigin::Arrive { id, name: "loaded", members, timeout };
    let panic = caught(Box::new("attempt to divide by zero"));
    vec![
        frame(&first_words(), &[]),
        frame(&ToOrigin::Started { node: "node@host" }, &[]),
        frame(&ToOrigin::Reply { seq: u64::MAX }, &postcard),
        frame(&ToOrigin::Panic { seq: 2, panic }, &[]),
        frame(&ToOrigin::Refused { seq: 300, refusal: Refusal::BadArg, text: "rows(u8)" }, &[]),
        frame(&ToOrigin::Message { to, type_name: "u32", encoding: Encoding::MessagePack }, &message_pack),
        frame(&ToOrigin::Note { text: "a message to nobody" }, &[]),
        frame(&ToOrigin::Pong, &[]),
        frame(&ToOrigin::Bye, &[]),
        frame(&arrive(300, Members::All, UNLIMITED), &[]),
        frame(&arrive(1, Members::Count(4), BARRIER), &[]),
        frame(&ToOrigin::Withdraw { id: 300 }, &[]),
    ]
}

fn frames() -> Vec<Vec<u8>> {
    let all = both().concat();
    vec![
        [&[6, 3], &all[..]].concat(),
        // Text in place of a frame; a length without bytes; an empty frame; half a frame.
        b"\x06\x02Segmentation fault".to_vec(),
        b"\x06\x02\x03\xff\xff\xffabc".to_vec(),
        b"\x07\x02\0\0\0\0\0\0\0\x01x\0\0\0\x09half".to_vec(),
        [b"\x06\x02", &message::small(&ToOrigin::Bye)[..], b"text", MAGIC, b"\0\0\0\x01x"].concat(),
    ]
}

fn hello() -> Vec<Vec<u8>> {
    let said = message::small(&first_words());
    let first = [&MAGIC[..], &said].concat();
    let mut wrong = first.clone();
    *wrong.iter_mut().rfind(|byte| **byte == 0xfe).expect("the last byte of the token") = 0;
    vec![
        [&[0, 0], &first[..]].concat(),
        [&[5, 77], &first[..], &both().concat()[..200]].concat(),
        [&[5, 255], &said[..]].concat(),
        [&[2, 1], &wrong[..]].concat(),
        [&[0, 0], &MAGIC[..], &message::small(&ToOrigin::Bye)].concat(),
        [&[3, 3], &MAGIC[..], &message::small(&ToOrigin::Note { text: &"long ".repeat(300) })].concat(),
        b"\x00\x00GET / HTTP/1.1\r\n\r\n".to_vec(),
    ]
}

fn console() -> Vec<Vec<u8>> {
    let session = to_origin().concat();
    let cause = "thread 'main' panicked at src/lib.rs:1:2:\nwhy\nstack backtrace:\n  0: f\n  1: g\n";
    let mut all = vec![
        [b"\x03\x40\xff\x05Welcome to host\n", &MAGIC[..], &session, b"last words\n"].concat(),
        [b"\x02\x01\xff\x03", cause.as_bytes(), MAGIC, &session].concat(),
    ];
    for text in ["\u{20ac}x", "\n", "a long line\r\nand one\n", "\u{20ac}\u{1f980}\n\n"] {
        all.push([b"\x0b\x06\xff\x02", text.repeat(20).as_bytes()].concat());
    }
    all.push(b"\x07\x00\x30\x01\xe2\x82\xe2\xf0\x9f\xa6\xc3\x80\xff\xe2\x82\xe2\xf0\x9f\xa6\xc3\x80\xff".to_vec());
    all
}
