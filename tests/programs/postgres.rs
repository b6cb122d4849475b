//! A real server of many processes, each in a session of its own: PostgreSQL.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use peer::Exec;

use peer::prelude::*;

use crate::installed::{installed, working_in};
use crate::support::*;

/// What Debian calls it.
const PACKAGE: &str = "postgresql";

/// A cluster of databases in a folder of its own.
struct Cluster {
    folder: Folder,
    port: u16,
}

/// PostgreSQL's programs refuse to be run by root: then they are run by the user that its package makes.
fn as_user(program: &str) -> Exec {
    let program = installed(program, PACKAGE);
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        let drop = ["--reuid=postgres", "--regid=postgres", "--clear-groups"].map(Into::into);
        Exec::from(("setpriv", drop.into_iter().chain([program.into_os_string()])))
    } else {
        Exec::from(program)
    }
}

impl Cluster {
    async fn new() -> peer::Result<Self> {
        let folder = Folder::new();
        if std::fs::metadata("/proc/self")?.uid() == 0 {
            assert!(Command::new("chown").arg("postgres").arg(folder.path("")).status()?.success());
        }
        let cluster = Self { folder, port: peer::free_port().unwrap() };
        let data = cluster.data().into_os_string().into_string().unwrap();
        let args = ["--no-sync", "--auth=trust", "--username=postgres", "--locale=C", "-D", &data];
        let init = ct_peer!({ program: as_user("initdb"), args: args }).await?;
        assert_eq!(gone(&init).await, Reason::Exited(0), "{}", last_words(&init).await);
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.path("data")
    }

    fn server(&self) -> StartOptions {
        let port = self.port.to_string();
        StartOptions::new()
            .name(ct_peer_name!())
            .program(as_user("postgres"))
            .args(["-D", ".", "-p", &port, "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"])
            .current_dir(self.data())
            .ready(Ready::Probe((installed("pg_isready", PACKAGE), ["-h", "127.0.0.1", "-U", "postgres", "-p", &port])))
            .shutdown(Shutdown::HaltWithin(Duration::from_secs(20)))
    }

    /// A client that is fed, and that prints nothing but results.
    async fn client(&self) -> Result<Peer, peer::Error> {
        let args =
            ["-h", "127.0.0.1", "-U", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-p", &self.port.to_string()];
        ct_peer!({ program: installed("psql", PACKAGE), args: args, input: Input::Fed }).await
    }

    async fn ask(&self, query: &str) -> peer::Result<String> {
        let client = self.client().await?;
        client.input(query)?;
        client.end_input()?;
        assert_eq!(gone(&client).await, Reason::Exited(0), "{}", last_words(&client).await);
        Ok(last_words(&client).await)
    }

    /// Processes of the server, whatever session they are in.
    fn processes(&self) -> Vec<String> {
        working_in(&self.data())
    }
}

/// The last number that the client printed.
async fn last_number(client: &Peer) -> Option<u64> {
    last_words(client).await.lines().rev().find_map(|line| line.parse().ok())
}

#[peer_test(timetrap = "120s")]
async fn what_postgres_has_acknowledged_survives_a_kill_in_the_middle_of_writing() -> peer::Result {
    let cluster = Cluster::new().await?;
    let mut options = cluster.server();
    let server = peer::start_link(options.clone()).await?;
    cluster.ask("CREATE TABLE log (number bigint PRIMARY KEY);").await?;
    let client = cluster.client().await?;
    for number in 0..100_000 {
        client.input(format!("INSERT INTO log VALUES ({number}) RETURNING number;\n"))?;
    }
    while last_number(&client).await.is_none_or(|number| number < 300) {
        assert_eq!(client.state(), PeerState::Running, "{}", last_words(&client).await);
        tokio::task::yield_now().await;
    }
    signal("KILL", server.os_pid());
    assert_eq!(gone(&server).await, Reason::Killed(9));
    assert_eq!(cluster.processes(), <[String; 0]>::default());
    assert!(matches!(gone(&client).await, Reason::Exited(1..)));
    let acknowledged = last_number(&client).await.unwrap();
    assert!(acknowledged < 99_999, "it was not in the middle of writing");
    // In the same directory, where the killed one has left its lock.
    options = options.ready(Ready::Line("ready to accept connections"));
    let server = peer::start_link(options).await?;
    let found = cluster.ask("SELECT count(*) - 1, max(number) FROM log;").await?;
    let (count, last) = found.split_once('|').unwrap();
    assert_eq!(count, last, "none is missing");
    assert!(last.parse::<u64>()? >= acknowledged, "{acknowledged} was acknowledged, {last} is the last one there");
    server.stop().await?;
    says(last_words(&server).await, &["database system is shut down"]);
    assert_eq!(cluster.processes(), <[String; 0]>::default());
    Ok(())
}

#[peer_test(timetrap = "120s")]
async fn no_process_of_postgres_is_left_however_busy_it_is() -> peer::Result {
    let cluster = Cluster::new().await?;
    for kill in [false, true] {
        // Sessions with clients keep it from ending in time.
        let options = cluster.server().shutdown(Shutdown::HaltWithin(Duration::from_secs(1)));
        let server = peer::start_link(options).await?;
        // One that waits notices that its server has been killed; one that is busy never does.
        for query in ["SELECT 'waiting'; SELECT pg_sleep(1000);", "SELECT 'busy'; DO $$ BEGIN LOOP END LOOP; END $$;"] {
            let client = cluster.client().await?;
            client.input(query)?;
            client.input("\n")?;
            printed(&client, query.split('\'').nth(1).unwrap()).await;
        }
        assert!(cluster.processes().len() > 6, "{:?}", cluster.processes());
        if kill {
            server.kill().await?;
        } else {
            server.stop().await?;
        }
        // It had no time to end them.
        assert!(!last_words(&server).await.contains("leaked"), "{}", last_words(&server).await);
        assert_eq!(cluster.processes(), <[String; 0]>::default());
    }
    Ok(())
}
