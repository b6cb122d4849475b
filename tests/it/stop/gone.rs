//! When `stop` returns, the process is reaped, and its name and its ports are free.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use peer::prelude::*;

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[peer_test]
async fn stop_means_gone() -> peer::Result {
    let name = ct_peer_name!();
    for connection in [Connection::StandardIo, Connection::Tcp(free_port())] {
        for shutdown in [Shutdown::Halt, Shutdown::Graceful(std::time::Duration::from_secs(20))] {
            for _ in 0..10 {
                let peer = ct_peer!({ name: name.clone(), connection: connection, shutdown: shutdown }).await?;
                peer.stop().await?;
                let process = format!("/proc/{}", peer.os_pid());
                assert!(!Path::new(&process).exists(), "not even as a process that is dead and not reaped");
                if let Connection::Tcp(port) = connection {
                    drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?);
                }
            }
        }
    }
    Ok(())
}
