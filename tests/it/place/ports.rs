//! `free_port`: who has a port on lease, and for how long.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use super::*;

const PROCESSES: usize = 4;
const THREADS: usize = 4;
const LEASES: usize = 50;

#[remote]
fn free_port() -> u16 {
    peer::free_port().unwrap()
}

/// Listens for as long as the node lives.
#[remote]
fn listen(port: u16) -> bool {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.map(std::mem::forget).is_ok()
}

/// Whether somebody has it on lease: by the name that holds a lease.
fn is_leased(port: u16) -> bool {
    let name = SocketAddr::from_abstract_name(format!("peer-port/{port}")).unwrap();
    UnixListener::bind_addr(&name).is_err()
}

/// The port on which the driving test hears what this one has.
fn driver() -> u16 {
    std::env::var("PEER_TEST_PORT").expect("this test is run by another one").parse().unwrap()
}

/// Tells the driving test its pid and `ports`, and has them until that says so.
fn have(ports: &[u16]) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, driver())).unwrap();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    writeln!(stream, "{} {}", std::process::id(), ports.join(" ")).unwrap();
    // Its end is what is waited for, and a reset is an end.
    let _ = stream.read(&mut [0]);
}

/// What [`have`] told: pid and ports, which that process has until the stream is dropped.
fn heard(listener: &TcpListener) -> (u32, Vec<u16>, TcpStream) {
    let listener = listener.try_clone().unwrap();
    let (stream, _) = within("a process with ports", move || listener.accept()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut numbers = line.split_whitespace();
    let pid = numbers.next().unwrap().parse().unwrap();
    (pid, numbers.map(|port| port.parse().unwrap()).collect(), reader.into_inner())
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_many() {
    let scope = peer::scope().unwrap();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let scope = scope.clone();
            thread::spawn(move || {
                let _entered = scope.enter();
                (0..LEASES).map(|_| peer::free_port().unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    let ports: Vec<u16> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    have(&ports);
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_one() -> peer::Result {
    have(&[peer::free_port()?]);
    Ok(())
}

fn spawn(test: &'static str, listener: &TcpListener) -> thread::JoinHandle<Ran> {
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || run(driven!(format!("{test}")).env("PEER_TEST_PORT", port.to_string())))
}

/// What the kernel gives to outgoing connections.
fn ephemeral() -> std::ops::RangeInclusive<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let ends: Vec<u16> = range.split_whitespace().map(|end| end.parse().unwrap()).collect();
    ends[0]..=ends[1]
}

#[test]
fn nobody_has_the_port_of_another() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let runs: Vec<_> = (0..PROCESSES).map(|_| spawn("driven_many", &listener)).collect();
    let held: Vec<_> = runs.iter().map(|_| heard(&listener)).collect();
    let ports: Vec<u16> = held.iter().flat_map(|(_, ports, _)| ports.clone()).collect();
    assert_eq!(ports.len(), PROCESSES * THREADS * LEASES);
    assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
    let ephemeral = ephemeral();
    for port in ports {
        assert!(is_leased(port), "{port}");
        // Who has it can bind it, in every way.
        drop((TcpListener::bind(("0.0.0.0", port)).unwrap(), UdpSocket::bind(("127.0.0.1", port)).unwrap()));
        assert!(!ephemeral.contains(&port), "{port}");
    }
    drop(held);
    for ran in runs {
        ran.join().unwrap().passed();
    }
}

#[peer_test(nodes = 1)]
async fn a_lease_survives_the_restart_of_the_node_that_listens(nodes: Nodes) -> peer::Result {
    let port = peer::free_port()?;
    for _ in 0..2 {
        assert!(nodes[0].call(listen, (port,)).await?);
        // A connection that waits at the port after its end (TIME_WAIT) hinders nobody who has the lease.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?);
        nodes[0].kill().await?;
        assert!(is_leased(port));
        assert_ne!(nodes[0].restart().await.map(|()| peer::free_port().unwrap())?, port);
    }
    assert!(nodes[0].call(listen, (port,)).await?);
    Ok(())
}

#[peer_test]
async fn a_lease_ends_with_a_holder_that_is_killed() -> peer::Result {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ran = spawn("driven_one", &listener);
    let (pid, ports, _stream) = heard(&listener);
    assert!(is_leased(ports[0]));
    signal("KILL", pid);
    ended(pid).await;
    assert!(!is_leased(ports[0]));
    assert_ne!(ran.join().unwrap().code, Some(0));
    Ok(())
}

#[peer_test(nodes = 2)]
async fn a_node_has_its_own_leases_which_end_with_it(nodes: Nodes) -> peer::Result {
    let mut ports = vec![peer::free_port()?];
    for node in &nodes {
        ports.push(node.call(free_port, ()).await?);
        ports.push(node.call(free_port, ()).await?);
    }
    assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 5, "{ports:?}");
    assert!(ports.iter().all(|port| is_leased(*port)));
    nodes[0].kill().await?;
    nodes[1].stop().await?;
    assert_eq!(ports.iter().map(|port| is_leased(*port)).collect::<Vec<_>>(), [true, false, false, false, false]);
    Ok(())
}

static LEASED: AtomicU16 = AtomicU16::new(0);

#[peer_test]
#[ignore = "run by `a_lease_ends_with_its_test`"]
async fn driven_1_leases() -> peer::Result {
    let port = peer::free_port()?;
    assert!(is_leased(port));
    LEASED.store(port, Ordering::Relaxed);
    // Who still has a handle to the scope afterwards keeps nothing by that.
    std::mem::forget(peer::scope());
    Ok(())
}

#[peer_test]
#[ignore = "run by `a_lease_ends_with_its_test`"]
async fn driven_2_looks() -> peer::Result {
    let port = LEASED.load(Ordering::Relaxed);
    assert!(port != 0 && !is_leased(port));
    assert_ne!(peer::free_port()?, port);
    Ok(())
}

#[test]
fn a_lease_ends_with_its_test() {
    let mut both = driven!("driven_1_leases");
    run(both.arg("place::ports::driven_2_looks")).passed().says(&["2 passed"]);
}
