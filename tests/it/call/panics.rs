//! Panics, stack overflows, signals, and results that are no results.

use peer::prelude::*;

use crate::support::*;

#[remote]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) + std::hint::black_box(frame)[63] }
}

#[remote]
async fn overflow_later() -> u64 {
    tokio::task::yield_now().await;
    overflow(0)
}

#[peer_test]
async fn a_stack_overflow_is_told() -> peer::Result {
    for connection in [Connection::StandardIo, Connection::Tcp(0)] {
        for later in [false, true] {
            let peer = ct_peer!({ connection: connection }).await?;
            let error = if later {
                peer.call(overflow_later, ()).await.unwrap_err()
            } else {
                peer.call(overflow, (0,)).await.unwrap_err()
            };
            assert_eq!(error.down_reason(), Some(&Reason::Killed(6)), "{error}");
            assert_eq!(gone(&peer).await, Reason::Killed(6));
            let words = last_words(&peer).await;
            assert!(words.contains("overflowed its stack"), "{words}");
        }
    }
    Ok(())
}

#[remote]
fn write_to_a_closed_pipe() -> String {
    use std::io::Write;
    let mut child = std::process::Command::new("true").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    child.wait().unwrap();
    format!("{:?}", pipe.write_all(b"nobody reads this").unwrap_err().kind())
}

#[peer_test]
async fn sigpipe_is_ignored() -> peer::Result {
    let peer = ct_peer!().await?;
    assert_eq!(peer.call(write_to_a_closed_pipe, ()).await?, "BrokenPipe");
    assert_eq!(peer.call(sum, (vec![1],)).await?, 1);
    peer.stop().await?;
    Ok(())
}

#[remote]
async fn fails_in_a_task(number: u32) -> u32 {
    let task = tokio::spawn(deep_in_a_task(number));
    match task.await {
        Ok(number) => number,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn deep_in_a_task(number: u32) -> u32 {
    tokio::task::yield_now().await;
    explode(number)
}

#[inline(never)]
fn explode(number: u32) -> u32 {
    panic!("task {number} exploded");
}

#[peer_test]
async fn a_panic_in_an_awaited_task_is_told() -> peer::Result {
    let peer = ct_peer!().await?;
    let calls: Vec<_> = (0..20).map(|number| tokio::spawn(peer.call(fails_in_a_task, (number,)))).collect();
    for (number, call) in calls.into_iter().enumerate() {
        let error = call.await?.unwrap_err();
        let panic = error.panic().unwrap_or_else(|| panic!("no panic: {error}"));
        assert_eq!(panic.message(), format!("task {number} exploded"));
        assert!(panic.location().contains("panics.rs:"), "{}", panic.location());
        assert!(panic.backtrace().contains("explode"), "{}", panic.backtrace());
    }
    peer.stop().await?;
    Ok(())
}

#[remote]
fn fails_in_a_thread() -> u32 {
    let thread = std::thread::spawn(|| explode(99));
    thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

#[remote]
fn fails_with_a_number() {
    std::panic::panic_any(42_u32);
}

#[remote]
fn fails_with_many_words() {
    panic!("{}", "x".repeat(100_000));
}

#[peer_test]
async fn panics_of_other_threads_and_kinds_are_told() -> peer::Result {
    let peer = ct_peer!().await?;
    let error = peer.call(fails_in_a_thread, ()).await.unwrap_err();
    let panic = error.panic().unwrap();
    assert_eq!(panic.message(), "task 99 exploded");
    assert!(panic.location().contains("panics.rs:") && panic.backtrace().contains("explode"), "{error}");

    let error = peer.call(fails_with_a_number, ()).await.unwrap_err();
    let panic = error.panic().unwrap();
    assert_eq!(panic.message(), "a panic whose payload is not text");
    assert!(panic.location().contains("panics.rs:"), "{error}");

    let error = peer.call(fails_with_many_words, ()).await.unwrap_err();
    assert_eq!(error.panic().unwrap().message().len(), 100_000);
    assert_eq!(peer.call(sum, (vec![1],)).await?, 1);
    peer.stop().await?;
    Ok(())
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb was dropped");
    }
}

#[remote]
fn drops_a_bomb() -> u32 {
    let _bomb = Bomb;
    1
}

#[peer_test]
async fn a_panic_in_drop_is_told() -> peer::Result {
    let peer = ct_peer!().await?;
    let error = peer.call(drops_a_bomb, ()).await.unwrap_err();
    let panic = error.panic().unwrap_or_else(|| panic!("no panic: {error}"));
    assert_eq!(panic.message(), "a bomb was dropped");
    assert!(panic.location().contains("panics.rs:") && panic.backtrace().contains("drops_a_bomb"), "{error}");
    assert_eq!(peer.call(sum, (vec![1],)).await?, 1);
    peer.stop().await?;
    Ok(())
}

#[remote]
fn divide(a: u32, b: u32) -> Result<u32, String> {
    a.checked_div(b).ok_or_else(|| "by zero".to_owned())
}

fn not_remote() -> u32 {
    1
}

#[peer_test]
async fn results_arrive_as_they_are() -> peer::Result {
    let peer = ct_peer!().await?;
    assert_eq!(peer.call(divide, (6, 3)).await?, Ok(2));
    assert_eq!(peer.call(divide, (1, 0)).await?, Err("by zero".to_owned()));
    assert_eq!(peer.apply::<Result<u32, String>, _>(module_path!(), "divide", (6, 3)).await?, Ok(2));
    let error = peer.apply::<u32, _>(module_path!(), "divide", ("six", 3)).await.unwrap_err();
    assert!(error.is_badarg() && error.to_string().contains("divide(a: u32, b: u32)"), "{error}");
    let error = peer.apply::<u32, _>("elsewhere", "divide", (6, 3)).await.unwrap_err();
    assert!(error.is_undef() && error.to_string().contains("panics::divide"), "{error}");
    let error = peer.call(not_remote, ()).await.unwrap_err();
    assert!(error.is_undef() && error.to_string().contains("#[remote]"), "{error}");
    peer.stop().await?;
    Ok(())
}

#[remote]
fn grow(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

#[remote]
fn shrink(bytes: Vec<u8>) -> usize {
    bytes.len()
}

#[peer_test]
async fn too_large_is_told_on_both_ways() -> peer::Result {
    for connection in [Connection::StandardIo, Connection::Tcp(0)] {
        let peer = ct_peer!({ connection: connection, frame_limit: 4096 }).await?;
        let error = peer.call(grow, (5000,)).await.unwrap_err();
        assert!(error.is_too_large() && error.to_string().contains("frame_limit"), "{error}");
        let error = peer.call(shrink, (vec![0; 5000],)).await.unwrap_err();
        assert!(error.is_too_large() && error.to_string().contains("frame_limit"), "{error}");
        assert_eq!(peer.call(grow, (3000,)).await?.len(), 3000);
        assert_eq!(peer.call(shrink, (vec![0; 3000],)).await?, 3000);
        peer.stop().await?;

        let peer = ct_peer!({ connection: connection }).await?;
        let large = 4 << 20;
        let bytes = peer.call(grow, (large,)).timeout(DEADLINE).await?;
        assert_eq!(peer.call(shrink, (bytes,)).timeout(DEADLINE).await?, large);
        peer.stop().await?;
    }
    Ok(())
}
