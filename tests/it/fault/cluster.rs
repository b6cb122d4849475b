//! Faults as a user has them: three nodes that ask each other over the network.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown as End, TcpListener, TcpStream};

use super::*;

/// A server of this node: answers each connection with what it holds.
#[remote]
fn open(value: String) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            stream.unwrap().write_all(value.as_bytes()).unwrap();
        }
    });
    port
}

/// Asks another node, which has half a second for its answer.
#[remote]
fn ask(port: u16) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{:?}", error.kind());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_millis(500))).map_err(told)?;
    stream.shutdown(End::Write).map_err(told)?;
    let mut value = String::new();
    stream.read_to_string(&mut value).map_err(told)?;
    Ok(value)
}

#[peer_test(nodes = 3)]
async fn the_others_see_what_happens_to_one(nodes: Nodes) -> peer::Result {
    let (one, others) = nodes.split_first().unwrap();
    let port = one.call(open, ("first".to_owned(),)).await?;
    for other in others {
        assert_eq!(other.call(ask, (port,)).await?, Ok("first".to_owned()));
    }
    // It is there, takes connections (the kernel does), and answers nobody.
    one.pause().await?;
    for other in others {
        assert_eq!(other.call(ask, (port,)).await?, Err("WouldBlock".to_owned()));
    }
    assert!(one.call(ask, (port,)).timeout(SHORT).await.unwrap_err().is_timeout());
    one.resume().await?;
    for other in others {
        assert_eq!(other.call(ask, (port,)).await?, Ok("first".to_owned()));
    }
    // Its port is nobody's.
    one.kill().await?;
    for other in others {
        assert_eq!(other.call(ask, (port,)).await?, Err("ConnectionRefused".to_owned()));
    }
    // The handle that everybody has means the new one.
    one.restart().await?;
    let port = one.call(open, ("second".to_owned(),)).await?;
    for other in others {
        assert_eq!(other.call(ask, (port,)).await?, Ok("second".to_owned()));
    }
    Ok(())
}
