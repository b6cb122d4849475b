//! A TCP port that is taken, and callers on it that are not the peer.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use peer::prelude::*;

use crate::support::*;

#[peer_test(nodes = 1)]
async fn a_port_that_is_taken(nodes: Nodes) -> peer::Result {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = taken.local_addr()?.port();
    for connection in [Connection::Tcp(port), Connection::TcpAt(Ipv4Addr::LOCALHOST.into(), port)] {
        let name = ct_peer_name!();
        let error = refused(ct_peer!({ name: name.clone(), connection: connection })).await;
        assert!(error.is_bad_option() && !error.is_name_in_use());
        says(&error, &["`connection`", &port.to_string(), "in use", "0 picks a free port"]);
        // It has given its name back.
        ct_peer!({ name: name, connection: Connection::Tcp(0) }).await?.stop().await?;
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test]
async fn strangers_stay_out() -> peer::Result {
    let mut late = Late::start().await;
    let magic = &hello(&[0; 32])[..12];
    let said = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        [0xff; 4096].to_vec(),
        [magic, &[0xff; 64]].concat(),
        [magic, &[0, 0, 0, 2, 9, 9]].concat(),
        hello(&[0; 32]),
        hello(&[0xff; 32]),
    ];
    for said in said {
        let mut stranger = late.stranger();
        stranger.write_all(&said)?;
        assert!(is_dropped(&stranger));
    }
    // Some hang up by themselves, in the middle of a word.
    for cut in [0, 5, 20] {
        late.stranger().write_all(&hello(&[1; 32])[..cut])?;
    }
    late.comes().await;
    late.peer.stop().await?;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_silent_stranger_keeps_nobody_waiting(nodes: Nodes) -> peer::Result {
    let mut late = Late::start().await;
    let (silent, mut half) = (late.stranger(), late.stranger());
    half.write_all(&hello(&[1; 32])[..20])?;
    goes_on(&nodes[0]).await;
    late.comes().await;
    // The peer is in: nobody else is awaited.
    let port = late.port;
    let refused = within("a late stranger", move || TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    late.peer.stop().await?;
    // They are heard for as long as a peer would be, and no longer.
    assert!(is_dropped(&silent) && is_dropped(&half));
    Ok(())
}

#[peer_test]
async fn a_crowd_of_silent_strangers_goes_away_in_time() -> peer::Result {
    let mut late = Late::start().await;
    let crowd: Vec<_> = (0..20).map(|_| late.stranger()).collect();
    late.comes().await;
    late.peer.stop().await?;
    assert!(crowd.iter().all(is_dropped));
    Ok(())
}

#[peer_test]
async fn a_stranger_does_not_hide_that_the_peer_ended() -> peer::Result {
    let mut late = Late::start().await;
    let _silent = late.stranger();
    crate::support::signal("KILL", late.peer.os_pid());
    let error = late.notices.recv().await?.outcome.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
    Ok(())
}
