//! Thousands of strangers on a TCP control port while its peer boots, and callers that know the token.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown as Half, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use peer::BootNotices;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// So many come to each of some peers; in the short run, to all of them together.
const STRANGERS: usize = 10_000;
/// What a stranger waits for when it connects; it is never told to wait.
const CONNECT: Duration = Duration::from_secs(10);

/// What a busy machine adds to anything; to be kept waiting by strangers takes seconds.
const CHANCE: Duration = Duration::from_millis(50);

/// A peer on a port of its own, which waits until it may go on to become a node.
struct Late {
    peer: Peer,
    port: u16,
    notices: BootNotices,
    fifo: PathBuf,
    _folder: Folder,
}

impl Late {
    /// One that will be a node when it may.
    async fn start() -> Self {
        let exe = std::env::current_exe().unwrap();
        Self::running(r#"read line < "$0" && exec "$@""#, &[exe.to_str().unwrap()]).await
    }

    /// Runs a shell script, whose `$0` is a fifo.
    async fn running(script: &str, args: &[&str]) -> Self {
        let folder = Folder::new();
        let fifo = folder.fifo("fifo");
        let exec = [&["-c", script, fifo.to_str().unwrap()], args].concat();
        loop {
            // Free now; if it is somebody else's a moment later, another one is tried.
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let notices = BootNotices::new();
            let options = StartOptions::new().exec(("sh", exec.clone())).connection(Connection::Tcp(port));
            match peer::start_link(options.wait_boot(notices.tagged("late"))).await {
                Ok(peer) => return Self { peer, port, notices, fifo, _folder: folder },
                Err(error) => assert!(error.is_bad_option(), "{error}"),
            }
        }
    }

    /// It may, and gets in; how long that took.
    async fn comes(&mut self) -> Duration {
        assert_eq!(self.peer.state(), PeerState::Booting);
        let begun = Instant::now();
        release(&self.fifo);
        let notice = self.notices.recv_within(DEADLINE).await.unwrap();
        let took = begun.elapsed();
        assert_eq!(notice.outcome.unwrap(), self.peer.node());
        goes_on(&self.peer).await;
        took
    }

    /// How long a boot takes from the moment at which it may begin.
    async fn boot() -> peer::Result<Duration> {
        let mut late = Self::start().await;
        let took = late.comes().await;
        late.peer.stop().await?;
        Ok(took)
    }
}

/// A hello as a peer would say it, with a token.
fn hello(token: &[u8; 32]) -> Vec<u8> {
    let mut bytes = b"\0\xffpeer-1\xfe\r\n\0".to_vec();
    bytes.extend_from_slice(&39_u32.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes.extend_from_slice(token);
    bytes.extend_from_slice(&[0, 1, 1, b'x', 0]);
    bytes
}

/// A frame with the message that the node `a@b` is started.
const STARTED: &[u8] = b"\0\0\0\x05\x01\x03a@b";

/// The strangers of this process that are there still, and whether they said what no peer says.
static CROWD: Mutex<Vec<(bool, TcpStream)>> = Mutex::new(Vec::new());

/// Takes as many descriptors as this process may have; how many connections it can hold then.
fn many_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    limit.maximum.map_or(STRANGERS, |most| usize::try_from(most).unwrap().saturating_sub(100)).min(STRANGERS)
}

/// Which one of the strangers says that they are on their way.
const BEGUN: usize = 500;

/// That many strangers come to a port: how many found it open. They stay for as long as there is room for them.
#[remote]
fn come(port: u16, strangers: usize) -> usize {
    let room = many_descriptors();
    let each = |thread: usize| {
        let mut found = 0;
        for number in (thread..strangers).step_by(2) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut stranger = match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stranger) => stranger,
                // The peer is in already.
                Err(error) if is_closed(&error) => return found,
                Err(error) => panic!("stranger {number} was kept waiting: {error}"),
            };
            found += 1;
            if number == BEGUN {
                peer::node::origin().unwrap().send("begun", port);
            }
            // They may have been hung up on before they have said it.
            let _ = match number % 5 {
                0 => Ok(()),
                1 => stranger.write_all(&[0xA5; 4096]),
                2 => stranger.write_all(&hello(&[number as u8; 32])),
                3 => stranger.write_all(&hello(&[0; 32])[..20]),
                _ => stranger.write_all(&hello(&[0; 32])[..30]).and_then(|()| stranger.shutdown(Half::Write)),
            };
            let mut crowd = CROWD.lock().unwrap_or_else(PoisonError::into_inner);
            if crowd.len() >= room {
                crowd.remove(0);
            }
            crowd.push((!matches!(number % 5, 0 | 3), stranger));
        }
        found
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| each(1));
        each(0) + other.join().unwrap()
    })
}

/// A port where everybody is let in and hung up on.
#[remote]
fn open_house() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    // As many may wait as on the port of a peer; who finds no place tries again only a second later.
    rustix::net::listen(&listener, 4096).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(drop));
    port
}

/// Waits until they have been hung up on: `all` of them, or only those that were wrong, and not those that may still
/// become a peer. How many that were, and how many were told anything before.
#[remote]
fn hung_up(all: bool) -> (usize, usize) {
    let mut crowd = CROWD.lock().unwrap_or_else(PoisonError::into_inner);
    let (gone, stay): (Vec<_>, Vec<_>) = crowd.drain(..).partition(|(wrong, _)| all || *wrong);
    *crowd = stay;
    let told = gone.iter().filter(|(_, stranger)| !is_dropped(stranger)).count();
    (gone.len(), told)
}

fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
}

/// Waits until the origin has hung up; `false` if it said anything.
fn is_dropped(mut stranger: &TcpStream) -> bool {
    stranger.set_read_timeout(Some(DEADLINE)).unwrap();
    match stranger.read(&mut [0; 64]) {
        Ok(bytes) => bytes == 0,
        Err(error) if is_closed(&error) => true,
        Err(error) => panic!("a stranger was not hung up on: {error}"),
    }
}

/// What this process has in memory now, and had at most, in KiB.
fn memory() -> [usize; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    ["VmRSS:", "VmHWM:"].map(|what| {
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    })
}

/// Asserts that they, or only those that were wrong, are hung up on without a word; how many that were.
async fn dropped(crowd: &Peer, all: bool) -> peer::Result<usize> {
    let (dropped, told) = crowd.call(hung_up, (all,)).timeout(DEADLINE).await?;
    assert_eq!(told, 0, "of {dropped} strangers some were told something");
    Ok(dropped)
}

#[peer_test(timetrap = "off")]
#[ignore = "run by `ten_thousand_strangers_stay_out_and_keep_nobody_waiting`"]
async fn driven_port() -> peer::Result {
    let begun = mailbox::<u16>("begun");
    let crowd = ct_peer!().await?;
    let mut usual = Vec::new();
    for _ in 0..5 {
        usual.push(Late::boot().await?);
    }
    let strangers = rounds(STRANGERS / 3, STRANGERS);
    let before = memory();
    let mut came = 0;
    // By chance a boot takes long that is held up by nobody; the next one does not.
    let mut after_them = Vec::new();
    for _ in 0..3 {
        let mut late = Late::start().await;
        came += crowd.call(come, (late.port, strangers)).timeout(DEADLINE).await?;
        let wrong = dropped(&crowd, false).await?;
        after_them.push(late.comes().await);
        assert_eq!(wrong + dropped(&crowd, true).await?, strangers);
        late.peer.stop().await?;
    }
    // The same while they come. That keeps the machine busy as well, so it is compared to a boot while as many come to
    // somebody else's port.
    let elsewhere = ct_peer!().await?;
    let open = elsewhere.call(open_house, ()).await?;
    let (mut beside_them, mut among_them) = (Vec::new(), Vec::new());
    for round in 0..10 {
        let mut late = Late::start().await;
        let (port, took) = if round % 2 == 0 { (open, &mut beside_them) } else { (late.port, &mut among_them) };
        let others = tokio::spawn(crowd.call(come, (port, strangers)).timeout(DEADLINE));
        while begun.recv_within(DEADLINE).await? != port {}
        took.push(late.comes().await);
        came += others.await??;
        dropped(&crowd, true).await?;
        late.peer.stop().await?;
    }

    let after = memory();
    println!("{came} strangers: usual boots {usual:?}, after them {after_them:?}");
    println!("while they come to another port {beside_them:?}, to its own {among_them:?}");
    println!("memory: {before:?} KiB before them, {after:?} KiB after them (now, and at most)");
    let (usual, after_them) = (usual.iter().max().unwrap(), after_them.iter().min().unwrap());
    assert!(*after_them <= *usual * 2 + CHANCE, "the peer boots in {usual:?}, and after them in {after_them:?}");
    beside_them.sort();
    among_them.sort();
    let (beside, among) = (beside_them[2], among_them[2]);
    assert!(among <= beside * 2 + CHANCE, "the peer boots in {beside:?} beside strangers, and among them in {among:?}");
    // Less than a connection each, if they stayed.
    assert!(after[1] - before[1] < 2048, "{before:?} KiB before, {after:?} KiB after");
    Ok(())
}

#[test]
fn ten_thousand_strangers_stay_out_and_keep_nobody_waiting() {
    let ran = run(&mut driven!("driven_port")).passed();
    print!("{}", ran.stdout);
}

/// The token in a boot specification, where everything before it is shorter than 128 bytes.
fn token(specification: &[u8]) -> [u8; 32] {
    // Length of the frame, number of the message, version of the protocol.
    let mut at = 4 + 2;
    let skip_text = |at: &mut usize| *at += 1 + usize::from(specification[*at]);
    skip_text(&mut at);
    assert_eq!(specification[at..at + 2], [0, 0], "no host, no long names");
    at += 2;
    skip_text(&mut at);
    specification[at..at + 32].try_into().unwrap()
}

/// Says a hello on a port, and that it is started; whether it was hung up on, and not told anything.
fn say_hello(port: u16, token: &[u8; 32]) -> bool {
    let mut caller = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    // It may be too late already.
    let _ = caller.write_all(&[&hello(token)[..], STARTED].concat());
    is_dropped(&caller)
}

#[peer_test]
async fn one_caller_for_each_token() -> peer::Result {
    // It passes on what it is told, and is no node: the callers are ours.
    let mut late = Late::running(r#"cat > "$0"; exec sleep 1000"#, &[]).await;
    let fifo = late.fifo.clone();
    let token = token(&within("the boot specification", move || std::fs::read(fifo)).unwrap());
    let mut wrong = token;
    wrong[31] ^= 1;
    assert!(say_hello(late.port, &wrong));
    assert_eq!(late.peer.state(), PeerState::Booting);

    let (report, reports) = std::sync::mpsc::channel();
    let (port, count) = (late.port, 8);
    // Connected before any of them speaks, or the first one would have closed the port.
    let callers: Vec<_> = (0..count).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
    for mut caller in callers {
        let report = report.clone();
        thread::spawn(move || {
            let _ = caller.write_all(&[&hello(&token)[..], STARTED].concat());
            report.send(is_dropped(&caller))
        });
    }
    // All but one are hung up on; that one is the peer.
    for _ in 1..count {
        assert!(reports.recv_timeout(DEADLINE)?);
    }
    assert_eq!(late.notices.recv_within(DEADLINE).await?.outcome?, "a@b");
    late.peer.send("inbox", 1_u8);
    assert!(!reports.recv_timeout(DEADLINE)?);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "the port is open still");
    // What was good for this one is good for no other.
    let mut next = Late::start().await;
    assert!(say_hello(next.port, &token));
    next.comes().await;
    Ok(())
}
