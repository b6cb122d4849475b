//! What the control of peers costs, next to what the kernel alone charges for the same work (the floor, measured
//! in the same run by plain `std`), and next to OTP's peer module where `erl` is installed.
//!
//! `cargo bench --bench control` prints lines `name value unit ratio-to-floor` and, at the end, the marks that are
//! met and not met. `PEER_BENCH=boot,call` runs a part: any of `boot`, `call`, `throughput`, `echo`, `fleet`,
//! `memory`; `otp` adds OTP's figures to a part. Latencies are taken twice: with everything bound to one CPU, and
//! as the scheduler likes it. Values are medians; peer and floor take turns, so that both have the same weather.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench is read on a terminal")]

use std::process::ExitCode;

use peer::prelude::*;

#[path = "control/cpu.rs"]
mod cpu;
#[path = "control/floor.rs"]
mod floor;
#[path = "common/marks.rs"]
mod marks;
#[path = "control/otp.rs"]
mod otp;
#[path = "common/parts.rs"]
mod parts;
#[path = "control/peers.rs"]
mod peers;
#[path = "common/table.rs"]
mod table;
#[path = "control/targets.rs"]
mod targets;

use otp::Otp;
use table::Table;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PARTS: [&str; 7] = ["boot", "call", "throughput", "echo", "fleet", "memory", "otp"];

fn main() -> ExitCode {
    let outcome = match std::env::args().find_map(|arg| Some(arg.strip_prefix(floor::CHILD)?.to_owned())) {
        Some(part) => floor::child(&part),
        None => run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let chosen = parts::chosen(&PARTS)?;
    let wanted = |part: &str| chosen.contains(&part);
    cpu::allow_many_descriptors()?;
    // The callers' own runtime; the I/O thread has a thread of its own, whatever this one is.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let otp = if wanted("otp") { Otp::prepare()? } else { None };
    let mut table = Table::new();
    for part in PARTS.into_iter().filter(|part| wanted(part)) {
        match part {
            "boot" => boot(&mut table, &runtime)?,
            "call" => call(&mut table, otp.as_ref())?,
            "throughput" => throughput(&mut table, &runtime)?,
            "echo" => echo(&mut table)?,
            "fleet" => fleet(&mut table, &runtime)?,
            "memory" => {
                let bytes = runtime.block_on(peers::idle_memory())?;
                table.figure("idle_memory", bytes / 1e6, "MB", None);
            }
            _ => {}
        }
        if let Some(otp) = &otp {
            // At once, so that it has the same weather.
            otp.run(&mut table, part, "")?;
        }
    }
    marks::print(&table, &targets::MARKS);
    Ok(())
}

fn boot(table: &mut Table, runtime: &tokio::runtime::Runtime) -> Outcome {
    // The first one also starts the I/O thread.
    runtime.block_on(peers::boot(Connection::StandardIo))?;
    let (mut floors, mut stdio, mut tcp, mut stops) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..60 {
        floors.push(floor::boot()?);
        let (boot, stop) = runtime.block_on(peers::boot(Connection::StandardIo))?;
        stdio.push(boot);
        stops.push(stop);
        tcp.push(runtime.block_on(peers::boot(Connection::Tcp(0)))?.0);
    }
    let floor = table.median("floor_boot", &floors, 1e3, "ms", None);
    table.median("boot_stdio", &stdio, 1e3, "ms", Some(floor));
    table.median("boot_tcp", &tcp, 1e3, "ms", Some(floor));
    table.median("stop", &stops, 1e3, "ms", None);
    Ok(())
}

fn call(table: &mut Table, otp: Option<&Otp>) -> Outcome {
    for (suffix, bound) in [("1cpu", true), ("", false)] {
        let name = |name: &str| if suffix.is_empty() { name.to_owned() } else { format!("{name}_{suffix}") };
        cpu::bind(bound)?;
        for (kind, connection) in [("stdio", Connection::StandardIo), ("tcp", Connection::Tcp(0))] {
            let mut child = floor::Echo::start(connection)?;
            let caller = peers::Caller::start(connection)?;
            let (mut floors, mut calls) = (Vec::new(), Vec::new());
            child.pings(500)?;
            caller.pings(500)?;
            for _ in 0..5 {
                floors.extend(child.pings(1000)?);
                calls.extend(caller.pings(1000)?);
            }
            child.end()?;
            caller.end()?;
            let floor = table.median(name(&format!("floor_call_{kind}")), &floors, 1e6, "us", None);
            table.median(name(&format!("call_{kind}")), &calls, 1e6, "us", Some(floor));
        }
        if let Some(otp) = otp.filter(|_| bound) {
            otp.run(table, "call", "_1cpu")?;
        }
    }
    cpu::bind(false)
}

fn throughput(table: &mut Table, runtime: &tokio::runtime::Runtime) -> Outcome {
    for (kind, connection) in [("stdio", Connection::StandardIo), ("tcp", Connection::Tcp(0))] {
        let mut child = floor::Echo::start(connection)?;
        child.pings(500)?;
        // One caller after the other, since the floor has no batches.
        let floor = 5000.0 / child.pings(5000)?.iter().sum::<f64>();
        child.end()?;
        let rates = runtime.block_on(peers::throughput(connection))?;
        let floor = table.figure(format!("floor_calls_per_s_{kind}"), floor, "1/s", None);
        // How many times the floor's rate, so here more is better.
        table.median(format!("calls_per_s_{kind}"), &rates, 1.0, "1/s", Some(floor));
    }
    Ok(())
}

fn echo(table: &mut Table) -> Outcome {
    for (kind, connection) in [("stdio", Connection::StandardIo), ("tcp", Connection::Tcp(0))] {
        let mut child = floor::Echo::start(connection)?;
        let caller = peers::Caller::start(connection)?;
        let (mut floors, mut bytes, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..30 {
            floors.push(child.echo(1 << 20)?);
            bytes.push(caller.echo_bytes(1 << 20)?);
            lists.push(caller.echo_list(1 << 20)?);
        }
        child.end()?;
        caller.end()?;
        let floor = table.median(format!("floor_echo_1MiB_{kind}"), &floors, 1e3, "ms", None);
        table.median(format!("echo_1MiB_{kind}"), &bytes, 1e3, "ms", Some(floor));
        table.median(format!("echo_1MiB_vec_u8_{kind}"), &lists, 1e3, "ms", Some(floor));
    }
    Ok(())
}

fn fleet(table: &mut Table, runtime: &tokio::runtime::Runtime) -> Outcome {
    const PEERS: usize = 500;
    let (mut floors, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        floors.push(floor::fleet(PEERS)?);
        peers.push(runtime.block_on(peers::fleet(PEERS))?);
    }
    let floor = table.median("floor_500_processes", &floors, 1e3, "ms", None);
    let totals: Vec<f64> = peers.iter().map(|times| times.iter().sum()).collect();
    table.median("500_peers", &totals, 1e3, "ms", Some(floor));
    for (step, name) in ["500_peers_started", "500_peers_called", "500_peers_stopped"].into_iter().enumerate() {
        let times: Vec<f64> = peers.iter().map(|times| times[step]).collect();
        table.median(name, &times, 1e3, "ms", None);
    }
    Ok(())
}
