//! Options that do not go together.

use super::*;

fn program() -> StartOptions {
    StartOptions::new().program("cat")
}

#[peer_test]
async fn what_only_a_node_has_is_refused_before_anything_is_spawned() {
    let cases: Vec<(StartOptions, [&str; 3])> = vec![
        (StartOptions::new().program(""), ["`program`", "\"\"", "empty"]),
        (StartOptions::new().program(("sh", ["a\0b"])), ["`program`", "a\\0b", "NUL byte"]),
        (program().exec("cat"), ["`exec`", "\"cat\"", "leave it out, or `program`"]),
        (program().connection(Connection::Tcp(0)), ["`connection`", "Tcp(0)", "no control connection"]),
        (program().detached(false), ["`detached`", "false", "console"]),
        (program().frame_limit(1 << 20), ["`frame_limit`", "1048576", "no messages"]),
        (StartOptions::new().ready(Ready::Spawned), ["`ready`", "Spawned", "only a `program` is"]),
        (StartOptions::new().exec("cat").ready(Ready::Tcp(7)), ["`ready`", "Tcp(7)", "only a `program` is"]),
        (program().ready(Ready::Line("")), ["`ready`", "Line(\"\")", "Ready::Spawned"]),
        (program().ready(Ready::Line("a\nb")), ["`ready`", "Line(\"a\\nb\")", "end of a line"]),
        (program().ready(Ready::Tcp(0)), ["`ready`", "Tcp(0)", "port 0"]),
        (program().ready(Ready::File("")), ["`ready`", "File(\"\")", "empty"]),
        (program().ready(Ready::Probe("")), ["`ready`", "Probe(\"\")", "empty"]),
        (program().ready(Ready::Probe(("test", ["a\0b"]))), ["`ready`", "a\\0b", "NUL byte"]),
        (program().current_dir("/nowhere/at/all"), ["`current_dir`", "\"/nowhere/at/all\"", "No such file"]),
        (StartOptions::new().current_dir("/dev/null"), ["`current_dir`", "\"/dev/null\"", "no directory"]),
        (StartOptions::new().current_dir(""), ["`current_dir`", "\"\"", "No such file"]),
        (StartOptions::new().current_dir("a\0b"), ["`current_dir`", "a\\0b", "NUL byte"]),
    ];
    for (options, said) in cases {
        let text = options.to_string();
        for start in [peer::start(options.clone()), peer::start_link(options.clone()), ct_peer!(options)] {
            let error = refused(start).await;
            assert!(error.is_bad_option() && !error.is_boot_failed() && error.node().is_none(), "{text}: {error}");
            says(&error, &said);
        }
    }
}

#[test]
fn ready_is_shown_as_it_is_written() {
    let shown = [
        (Ready::default(), "Spawned"),
        (Ready::Line(String::from("Ready")), "Line(\"Ready\")"),
        (Ready::Tcp(7000), "Tcp(7000)"),
        (Ready::TcpAt([10, 0, 0, 1], 7000), "TcpAt(10.0.0.1:7000)"),
        (Ready::File("pid"), "File(\"pid\")"),
        (Ready::Probe("ping"), "Probe(\"ping\")"),
        (Ready::Probe(("redis-cli", ["ping"])), "Probe((\"redis-cli\", [\"ping\"]))"),
    ];
    for (ready, text) in shown {
        assert_eq!(ready.to_string(), text);
    }
}
