//! What can be said to a program that is no node, and what it says.

use super::*;

#[remote]
fn add(a: u64, b: u64) -> u64 {
    a + b
}

#[peer_test]
async fn calls_fail_at_once_and_messages_are_noted() -> peer::Result {
    let booting =
        peer::start_link(shell("exec sleep 1000", []).ready(Ready::Line("x")).wait_boot(WaitBoot::No)).await?;
    let running = peer::start_link(shell("exec sleep 1000", [])).await?;
    let down = peer::start_link(shell("exec sleep 1000", [])).await?;
    down.stop().await?;
    for peer in [booting, running, down] {
        let call = peer.call(add, (1, 2)).await.unwrap_err();
        let apply = peer.apply::<u64, _>(module_path!(), "add", (1, 2)).await.unwrap_err();
        for error in [call, apply] {
            assert!(error.is_undef() && !error.is_noconnection(), "{error}");
            assert_eq!(error.node(), Some(peer.node().as_str()));
            says(&error, &["add`", "is no node: it was started with `program`", "its own clients"]);
        }
        peer.cast(add, (1, 2));
        peer.send("inbox", 1);
        let noted = last_words(&peer).await;
        says(&noted, &["[peer] cast of ", "[peer] message to mailbox `inbox`", "is no node"]);
    }
    Ok(())
}

#[peer_test]
async fn what_is_fed_arrives_as_it_is_and_then_the_end() -> peer::Result {
    let peer = ct_peer!({ program: "cat", input: Input::Fed }).await?;
    peer.input("one\ntw")?;
    printed(&peer, "one\ntw").await;
    peer.input("o\n")?;
    printed(&peer, "two").await;
    assert_eq!(peer.state(), PeerState::Running);
    peer.end_input()?;
    assert_eq!(gone(&peer).await, Reason::Exited(0));
    assert!(peer.input("more").unwrap_err().is_noconnection());
    Ok(())
}

#[peer_test]
async fn input_is_written_whole_before_it_ends() -> peer::Result {
    // More than a pipe holds, to a reader that begins when it likes.
    let peer = peer::start_link(shell("read -r line; echo \"$line\"; exec wc -c", []).input(Input::Fed)).await?;
    peer.input("go\n")?;
    printed(&peer, "go").await;
    for _ in 0..64 {
        peer.input(vec![b'x'; 1 << 16])?;
    }
    peer.end_input()?;
    let error = peer.input("more").unwrap_err();
    assert!(error.is_noconnection(), "{error}");
    assert_eq!(gone(&peer).await, Reason::Exited(0));
    assert_eq!(last_words(&peer).await, format!("go\n{}", 64 << 16));
    Ok(())
}

#[peer_test]
async fn input_that_was_not_asked_for_is_the_end_of_the_file() -> peer::Result {
    let peer = ct_peer!({ program: "cat", peer_down: PeerDown::Continue }).await?;
    for error in [peer.input("x").unwrap_err(), peer.end_input().unwrap_err()] {
        assert!(error.is_bad_option(), "{error}");
        says(&error, &["Input::Fed"]);
    }
    assert_eq!(gone(&peer).await, Reason::Exited(0));
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn both_outputs_are_one_console_in_true_order_up_to_the_last_words() -> peer::Result {
    let script = "echo a; echo b >&2; (echo c); echo d >&2; printf e; kill -9 $$";
    let peer = peer::start_link(shell(script, [])).await?;
    assert_eq!(gone(&peer).await, Reason::Killed(9));
    assert_eq!(last_words(&peer).await, "a\nb\nc\nd\ne");
    Ok(())
}

#[peer_test]
async fn arguments_are_passed_as_they_are() -> peer::Result {
    let options = StartOptions::new()
        .program(("printf", ["<%s>\\n"]))
        .args(["a b", "$HOME", "'", ""])
        .env([("LANG", Some("C")), ("HOME", None)])
        .post_process_args(|mut args| {
            args.push("last".into());
            args
        });
    let peer = ct_peer!(options).await?;
    assert_eq!(gone(&peer).await, Reason::Exited(0));
    assert_eq!(last_words(&peer).await, "<a b>\n<$HOME>\n<'>\n<>\n<last>");
    assert_eq!(peer.command_line(), ["printf", "<%s>\\n", "a b", "$HOME", "'", "", "last"]);
    let shown = StartOptions::new().program("printenv").args(["MODE", "PATH"]);
    let peer = ct_peer!(shown.env([("MODE", Some("test")), ("PATH", None)])).await?;
    assert_eq!(gone(&peer).await, Reason::Exited(1), "one of them is missing");
    assert_eq!(last_words(&peer).await, "test");
    Ok(())
}
