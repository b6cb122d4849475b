//! Options out of range, and names.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use peer::prelude::*;

use crate::support::says;
use crate::support::*;

fn options() -> StartOptions {
    StartOptions::new()
}

/// Options that are refused, and what the error says: option, value, and what to do.
fn bad_options() -> Vec<(StartOptions, [&'static str; 3])> {
    let path = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let ms = Duration::from_millis;
    vec![
        (options().name(""), ["`name`", "\"\"", "empty"]),
        (options().name("a@b"), ["`name`", "\"a@b\"", "option `host`"]),
        (options().name("a b"), ["`name`", "\"a b\"", "white space"]),
        (options().name("a\nb"), ["`name`", "\"a\\nb\"", "white space"]),
        (options().name("a\u{7}b"), ["`name`", "\"a\\u{7}b\"", "control character"]),
        (options().name("x".repeat(256)), ["`name`", "xxx", "longer than 255 bytes"]),
        (options().name("ä".repeat(128)), ["`name`", "äää", "longer than 255 bytes"]),
        (options().host(""), ["`host`", "\"\"", "empty"]),
        (options().host("a b"), ["`host`", "\"a b\"", "white space"]),
        (options().host("a@b"), ["`host`", "\"a@b\"", "`@`"]),
        (options().host("db1").longnames(true), ["`host`", "\"db1\"", "needs a domain"]),
        (options().host("db1.test").longnames(false), ["`host`", "\"db1.test\"", "no domain"]),
        (options().exec(""), ["`exec`", "\"\"", "empty"]),
        (options().exec(path(b"a\0b")), ["`exec`", "a\\0b", "NUL byte"]),
        (options().exec(("sh", ["a\0b"])), ["`exec`", "a\\0b", "NUL byte"]),
        (options().args(["ok", "a\0b"]), ["`args`", "\"a\\0b\"", "NUL byte"]),
        (options().env([("", "x")]), ["`env`", "\"\"", "not empty"]),
        (options().env([("A=B", "x")]), ["`env`", "\"A=B\"", "no `=`"]),
        (options().env([("A\0B", "x")]), ["`env`", "\"A\\0B\"", "NUL byte"]),
        (options().env([("A", "x\0y")]), ["`env`", "\"A\"", "value has a NUL byte"]),
        (options().shutdown(Shutdown::HaltWithin(ms(999))), ["`shutdown`", "HaltWithin(999ms)", "at least 1s"]),
        (options().shutdown(Shutdown::Graceful(ms(0))), ["`shutdown`", "Graceful(0ns)", "peer::UNLIMITED"]),
        (options().detached(false), ["`detached`", "false", "Connection::Tcp(0)"]),
        (options().frame_limit(0), ["`frame_limit`", "0", "4096"]),
        (options().frame_limit(4095), ["`frame_limit`", "4095", "4096"]),
        (options().frame_limit(usize::MAX), ["`frame_limit`", "18446744073709551615", "4294967295"]),
    ]
}

#[peer_test(nodes = 1)]
async fn options_out_of_range_are_refused_before_anything_is_spawned(nodes: Nodes) {
    for (options, said) in bad_options() {
        let text = options.to_string();
        for start in [peer::start(options.clone()), peer::start_link(options.clone()), ct_peer!(options)] {
            let error = refused(start).await;
            // `ct_peer!` names the peer itself, which is no mistake.
            assert!(error.is_bad_option(), "{text}: {error}");
            assert!(!error.is_boot_failed() && error.node().is_none(), "{text}: {error}");
            says(&error, &said);
        }
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn the_limits_themselves_are_accepted() -> peer::Result {
    let name = format!("{}-{}", peer::random_name("x"), "x".repeat(255));
    let options = options()
        .name(&name[..255])
        .shutdown(Shutdown::HaltWithin(Duration::from_secs(1)))
        .frame_limit(4096)
        .env([("EMPTY", "")])
        .host("db1.test");
    let peer = peer::start_link(options).await?;
    assert_eq!(peer.name().len(), 255);
    assert!(peer.node().ends_with("@db1.test"));
    goes_on(&peer).await;
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn an_address_that_is_not_ours_is_refused() {
    // 203.0.113.0/24 is for documentation.
    let connection = Connection::TcpAt(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 0);
    let error = refused(peer::start(options().connection(connection))).await;
    assert!(error.is_bad_option());
    says(&error, &["`connection`", "203.0.113.1"]);
}

#[peer_test]
async fn a_name_in_use_is_refused_at_once() -> peer::Result {
    let name = ct_peer_name!();
    let first = ct_peer!({ name: name.clone() }).await?;
    let error = refused(ct_peer!({ name: name.clone() })).await;
    assert!(error.is_name_in_use() && !error.is_bad_option());
    says(&error, &["`name`", &name, "stop that one first", "ct_peer_name!"]);
    goes_on(&first).await;
    first.stop().await?;
    ct_peer!({ name: name }).await?.stop().await?;
    Ok(())
}

#[remote]
async fn start_named(name: String) -> Result<String, String> {
    let started = peer::start(StartOptions::new().name(name)).await;
    started.map(|peer| peer.node()).map_err(|error| error.to_string())
}

#[peer_test(nodes = 2)]
async fn a_name_in_use_in_another_process_is_refused_too(nodes: Nodes) -> peer::Result {
    let name = ct_peer_name!();
    nodes[0].call(start_named, (name.clone(),)).await?.unwrap();
    let error = refused(ct_peer!({ name: name.clone() })).await;
    assert!(error.is_name_in_use(), "{error}");
    says(nodes[1].call(start_named, (name.clone(),)).await?.unwrap_err(), &["`name`", &name, "is there already"]);
    // The name dies with its holder.
    nodes[0].stop().await?;
    nodes[1].call(start_named, (name,)).await?.unwrap();
    Ok(())
}

#[peer_test(nodes = 1)]
async fn input_that_was_not_asked_for_is_refused(nodes: Nodes) {
    for error in [nodes[0].input("x").unwrap_err(), nodes[0].end_input().unwrap_err()] {
        assert!(error.is_bad_option());
        says(&error, &[&nodes[0].node(), "input", "Input::Fed"]);
    }
    goes_on(&nodes[0]).await;
}

#[peer_test]
async fn post_process_args_may_not_lose_the_argument_that_makes_a_node() {
    // It would run the tests, and those would start it again.
    let error = refused(ct_peer!({ post_process_args: |_| vec!["--list".into()] })).await;
    assert!(error.is_bad_option(), "{error}");
    says(&error, &["`post_process_args`", "--peer-node="]);
}

#[peer_test]
async fn what_post_process_args_spoils_is_said_to_be_its_fault() {
    let spoil = |mut all: Vec<OsString>| {
        all.push("a\0b".into());
        all
    };
    let error = refused(ct_peer!({ post_process_args: spoil })).await;
    assert!(error.is_bad_option(), "{error}");
    says(&error, &["`post_process_args`", "a\\0b", "NUL"]);
}
