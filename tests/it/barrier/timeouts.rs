//! What a time-out says, and to whom.

use super::*;

static GATE: (std::sync::Mutex<bool>, std::sync::Condvar) = (std::sync::Mutex::new(false), std::sync::Condvar::new());

/// Keeps the node busy until [`release`].
#[remote]
fn work() {
    peer::node::origin().unwrap().send("arrived", peer::node::name());
    drop(GATE.1.wait_while(GATE.0.lock().unwrap(), |open| !*open));
}

#[remote]
fn release() {
    *GATE.0.lock().unwrap() = true;
    GATE.1.notify_all();
}

/// Without what differs from run to run.
fn plain(text: &str, nodes: &[(&str, &Peer)]) -> String {
    let mut text = text.to_owned();
    for (name, node) in nodes {
        text = text.replace(&node.node(), name);
    }
    let plain = |word: &str| {
        let digits = word.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(word.len());
        if digits == 0 { word.to_owned() } else { format!("N{}", &word[digits..]) }
    };
    text.split(' ').map(plain).collect::<Vec<_>>().join(" ")
}

#[peer_test]
async fn it_says_who_is_missing_and_what_those_are_doing() -> peer::Result {
    let [here, idle, busy, elsewhere, paused] =
        [ct_peer!().await?, ct_peer!().await?, ct_peer!().await?, ct_peer!().await?, ct_peer!().await?];
    let booting = ct_peer!({ exec: ("sh", ["-c", "sleep 1000"]), wait_boot: WaitBoot::No }).await?;
    let working = beside(busy.call(work, ()));
    assert_eq!(mailbox::<String>("arrived").recv().await?, busy.node());
    let other = waits_at(&elsewhere, "other").await?;
    paused.pause().await?;
    let told = waits(&here, "loaded", Who::All, SHORT).await?.await??.unwrap_err();
    assert!(told.is_barrier && told.is_timeout && told.reason.is_none(), "{told:?}");
    let names = [
        ("here", &here),
        ("idle", &idle),
        ("busy", &busy),
        ("elsewhere", &elsewhere),
        ("paused", &paused),
        ("booting", &booting),
    ];
    assert_eq!(
        plain(&told.text, &names),
        "barrier `loaded` failed: not passed within Nms, the time-out of `here`
  arrived:
    `here`, Ns ago
  missing:
    `idle`: running, idle
    `busy`: running, in call `it::barrier::timeouts::work`, for Ns
    `elsewhere`: running, at barrier `other`, for Ns, in call `it::barrier::meet_aloud`, for Ns
    `paused`: running, paused
    `booting`: booting, for Ns
    the test itself
  help: the test takes part, unless all say `.among_nodes()` or `.parties(n)`"
    );
    // The test elsewhere, as one of so many.
    let mut own = pin!(peer::barrier("own"));
    arrive(&mut own).await;
    let told = waits(&here, "loaded", Who::Parties(3), SHORT).await?.await??.unwrap_err();
    says(
        plain(&told.text, &names),
        &["missing: N of N parties; not there:\n    `idle`: ", "the test itself, at barrier `own`, for Ns"],
    );
    booting.kill().await?;
    paused.resume().await?;
    busy.call(release, ()).await?;
    working.await??;
    // Broken by the end of the node that booted.
    assert_eq!(other.await??.unwrap_err().node, Some(booting.node()));
    assert_eq!(own.await.unwrap_err().down_reason(), Some(&Reason::Killed(9)));
    Ok(())
}

/// Until it answers, the node is not idle.
#[peer_test(nodes = 2)]
async fn a_call_without_a_caller_is_reported_until_it_ends(nodes: Nodes) -> peer::Result {
    let [busy, here] = &nodes[..] else { unreachable!() };
    let missing = async || -> peer::Result<String> {
        let told = waits(here, "loaded", Who::Parties(2), SHORT).await?.await??.unwrap_err();
        let text = plain(&told.text, &[("busy", busy), ("here", here)]);
        Ok(text.lines().find(|line| line.trim_start().starts_with("`busy`: ")).unwrap().trim().to_owned())
    };
    let working = "`busy`: running, in call `it::barrier::timeouts::work`, for Ns, no caller awaits it";
    assert!(busy.call(work, ()).timeout(SHORT).await.unwrap_err().is_timeout());
    mailbox::<String>("arrived").recv().await?;
    assert_eq!(missing().await?, working);
    // One that is dropped goes on as well.
    let dropped = beside(busy.call(work, ()));
    mailbox::<String>("arrived").recv().await?;
    dropped.abort();
    assert!(dropped.await.is_err());
    let call = working.split_once("running, ").unwrap().1;
    assert_eq!(missing().await?, format!("{working}, {call}"));
    busy.call(release, ()).await?;
    // Both answers come a moment later, and reach nobody.
    while missing().await? != "`busy`: running, idle" {}
    Ok(())
}

/// The first to lose patience speaks for all.
#[peer_test(nodes = 3)]
async fn all_who_wait_are_told_the_same_at_once(nodes: Nodes) -> peer::Result {
    let mut own = pin!(peer::barrier("loaded").timeout(peer::UNLIMITED));
    arrive(&mut own).await;
    let patient = waits(&nodes[0], "loaded", Who::All, peer::UNLIMITED).await?;
    let hasty = waits(&nodes[1], "loaded", Who::All, SHORT).await?;
    let error = own.await.unwrap_err();
    let (patient, hasty) = (patient.await??.unwrap_err(), hasty.await??.unwrap_err());
    assert!(error.is_timeout() && hasty.is_timeout, "{error}");
    assert_eq!(Told::from(error), hasty);
    assert_eq!(patient, hasty);
    says(
        &hasty.text,
        &[
            &format!("not passed within 300ms, the time-out of `{}`", nodes[1].node()),
            "arrived:\n    the test, ",
            &format!("missing:\n    `{}`: running, idle", nodes[2].node()),
        ],
    );
    assert!(!hasty.text.contains("help:") && !hasty.text.contains("itself"), "{}", hasty.text);
    // The name is free again, and no time-out of before ends another one.
    let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), Who::All)))).collect();
    peer::barrier("loaded").timeout(SHORT * 100).await?;
    for call in calls {
        assert_eq!(call.await??, Ok(()));
    }
    Ok(())
}

#[peer_test(nodes = 1)]
async fn of_many_parties_it_counts_the_missing(nodes: Nodes) -> peer::Result {
    let three = Who::Parties(3);
    let node = waits(&nodes[0], "loaded", three, peer::UNLIMITED).await?;
    let error = peer::barrier("loaded").parties(3).timeout(SHORT).await.unwrap_err();
    says(
        &error,
        &["arrived:\n    `", "\n    the test, ", "\n  missing: 1 of 3 parties; all nodes and the test are there"],
    );
    assert_eq!(node.await??.unwrap_err(), Told::from(error));
    Ok(())
}
