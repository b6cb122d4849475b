//! Messages for mailboxes nobody has, and of types that nobody expects.

use peer::prelude::*;

use crate::support::*;

#[remote]
async fn receive_number(name: String) -> Result<u32, (bool, String)> {
    mailbox::<u32>(&name).recv().await.map_err(|error| (error.is_codec(), error.to_string()))
}

#[remote]
fn send_up(to: String, text: String) {
    peer::node::origin().unwrap().send(to, text);
}

#[remote]
fn inbox() -> peer::Address<u32> {
    mailbox::<u32>("inbox").address()
}

#[peer_test(nodes = 1)]
async fn a_message_of_another_type_is_lost_alone_in_a_node(nodes: Nodes) -> peer::Result {
    let node = &nodes[0];
    node.send("numbers", "seven".to_owned());
    node.send("numbers", 7_u32);
    let (is_codec, text) = node.call(receive_number, ("numbers".to_owned(),)).await?.unwrap_err();
    assert!(is_codec);
    says(text, &["`numbers`", "String", "u32"]);
    assert_eq!(node.call(receive_number, ("numbers".to_owned(),)).await?, Ok(7));
    Ok(())
}

#[peer_test(nodes = 2)]
async fn a_message_of_another_type_is_lost_alone_in_the_origin(nodes: Nodes) -> peer::Result {
    let numbers = mailbox::<u32>("numbers");
    nodes[0].call(send_up, ("numbers".to_owned(), "seven".to_owned())).await?;
    let error = numbers.recv().await.unwrap_err();
    assert!(error.is_codec() && !error.is_timeout());
    says(&error, &["`numbers`", "String", "u32"]);
    let error = numbers.recv_within(SHORT).await.unwrap_err();
    assert!(error.is_timeout());
    says(&error, &["`numbers`", "no message within 300ms"]);
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 2)]
async fn a_message_that_nobody_can_be_given_is_never_fatal(nodes: Nodes) -> peer::Result {
    nodes[0].send("nobody", 7_u32);
    nodes[0].call(send_up, ("nobody".to_owned(), "up".to_owned())).await?;
    let address = nodes[1].call(inbox, ()).await?;
    nodes[1].stop().await?;
    address.send(7);
    // To the wrong node: it knows no such address, and says so to nobody who asked.
    nodes[0].send(&address, 7_u32);
    nodes[0].call(send_to, (address,)).await?;
    goes_on(&nodes[0]).await;
    Ok(())
}

#[remote]
fn send_to(address: peer::Address<u32>) {
    address.send(7);
}

#[peer_test]
#[ignore = "run by `what_cannot_be_delivered_is_noted_on_the_console`"]
async fn driven_notes() -> peer::Result {
    let node = ct_peer!({ frame_limit: 8192 }).await?;
    let address = node.call(inbox, ()).await?;
    node.send("nobody", 1_u32);
    node.call(send_up, ("nobody-either".to_owned(), "up".to_owned())).await?;
    node.send("large", "x".repeat(10_000));
    node.call(send_large_up, ()).await?;
    node.cast(not_there, ());
    let unwound = mailbox::<u32>("unwound");
    node.cast(panics, (unwound.address(),));
    // Sent when the panic has been printed.
    unwound.recv().await?;
    goes_on(&node).await;
    node.stop().await?;
    node.send("late", 2_u32);
    node.cast(sum, (vec![1, 2],));
    address.send(3);
    eprintln!("the end of the test");
    Ok(())
}

fn not_there() {}

#[remote]
fn send_large_up() {
    send_up("larger".to_owned(), "x".repeat(10_000));
}

#[remote]
fn panics(unwound: peer::Address<u32>) {
    struct Unwound(peer::Address<u32>);
    impl Drop for Unwound {
        fn drop(&mut self) {
            self.0.send(0);
        }
    }
    let _unwound = Unwound(unwound);
    panic!("a cast that panics")
}

#[peer_test]
async fn what_cannot_be_delivered_is_noted_on_the_console() {
    not_there();
    let ran = run(&mut driven!("driven_notes")).passed();
    ran.says(&["[peer]", "the end of the test"]);
    let noted = |parts: &[&str]| {
        let found =
            ran.stderr.lines().any(|line| line.contains("[peer]") && parts.iter().all(|part| line.contains(part)));
        assert!(found, "no note with {parts:?} in:\n{}", ran.text());
    };
    noted(&["mailbox `nobody`"]);
    noted(&["mailbox `nobody-either`"]);
    noted(&["mailbox `large`", "limit is 8192"]);
    noted(&["mailbox `larger`", "8192"]);
    noted(&["cast of", "not_there", "#[remote]"]);
    noted(&["mailbox `late`", "down"]);
    noted(&["cast of", "sum", "down"]);
    noted(&["mailbox `inbox`"]);
    ran.says(&["a cast that panics"]);
}
