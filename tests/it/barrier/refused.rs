//! Who cannot arrive is told so at once, and nobody else.

use super::*;

#[peer_test(nodes = 1)]
async fn a_participant_counts_once(nodes: Nodes) -> peer::Result {
    let call = waits_at(&nodes[0], "loaded").await?;
    let told = nodes[0].call(meet, ("loaded".to_owned(), Who::All)).await?.unwrap_err();
    assert!(told.is_barrier && !told.is_timeout, "{told:?}");
    says(
        &told.text,
        &["barrier `loaded` failed: the same participant waits at it already, and counts once", "`.parties(n)`"],
    );
    assert!(!call.is_finished());
    peer::barrier("loaded").await?;
    assert_eq!(call.await??, Ok(()));
    Ok(())
}

#[peer_test]
async fn there_must_be_somebody_to_wait_for() -> peer::Result {
    let error = peer::barrier("loaded").await.unwrap_err();
    assert!(error.is_barrier(), "{error}");
    says(error, &["there is nobody to wait for: no node was started here that is not down", "`Peer::barrier`"]);
    let node = ct_peer!().await?;
    node.stop().await?;
    let error = peer::barrier("loaded").await.unwrap_err();
    says(error, &["there is nobody to wait for"]);
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_test_takes_no_part_among_nodes(nodes: Nodes) -> peer::Result {
    for barrier in [peer::barrier("loaded").among_nodes(), nodes[0].barrier("loaded").among_nodes()] {
        let error = barrier.await.unwrap_err();
        assert!(error.is_barrier(), "{error}");
        says(error, &["it is a barrier among nodes, in which the origin takes no part", "`.parties(n)`"]);
    }
    Ok(())
}

#[peer_test(nodes = 1)]
async fn names_and_numbers_are_checked(_nodes: Nodes) -> peer::Result {
    for (barrier, what) in [
        (peer::barrier(""), "barrier `` failed: a barrier needs a name"),
        (peer::barrier(&"\u{20ac}".repeat(86)), "the name of a barrier has at most 256 bytes"),
        (
            peer::barrier("loaded").parties(0),
            "barrier `loaded` failed: `.parties(0)`: no participant would ever arrive",
        ),
    ] {
        let error = barrier.await.unwrap_err();
        assert!(error.is_bad_option() && !error.is_barrier(), "{error}");
        says(error, &[what]);
    }
    peer::barrier(&"x".repeat(256)).parties(1).await?;
    let error = peer::barrier("loaded").parties(usize::MAX).timeout(SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    says(error, &["4294967294 of 4294967295 parties"]);
    Ok(())
}

#[peer_test]
async fn a_thread_without_a_test_has_no_barriers() {
    let barrier = std::thread::spawn(|| peer::barrier("loaded")).join().unwrap();
    let error = barrier.await.unwrap_err();
    assert!(error.is_noscope() && !error.is_barrier(), "{error}");
    says(error, &["barrier `loaded` failed: there is no scope on this thread", "`enter()`"]);
    let scope = peer::scope().unwrap();
    let entered = std::thread::spawn(move || {
        let _entered = scope.enter();
        peer::barrier("loaded").parties(1).wait()
    });
    entered.join().unwrap().unwrap();
}

#[peer_test(nodes = 1)]
async fn it_is_polled_once(_nodes: Nodes) -> peer::Result {
    let mut barrier = pin!(peer::barrier("loaded").parties(1));
    barrier.as_mut().await?;
    says(barrier.as_mut().await.unwrap_err(), &["it was polled after it was done"]);
    Ok(())
}
