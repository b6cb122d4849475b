//! The directory of a program that is no test: examples/place.rs, as it is run by a user.

use super::*;

fn example() -> Command {
    let exe = std::env::current_exe().unwrap();
    let target = exe.parent().unwrap().parent().unwrap();
    let example = target.join("examples/place");
    assert!(example.exists(), "run `cargo build --examples` first");
    let mut command = command(example);
    command.env_remove(KEEP);
    command
}

fn directory_of(ran: &Ran) -> PathBuf {
    let line = ran.stdout.lines().find_map(|line| line.strip_prefix("directory: "));
    PathBuf::from(line.unwrap_or_else(|| panic!("none is told: {}", ran.text())))
}

#[test]
fn it_is_removed_when_main_returns() {
    let ran = run(&mut example()).passed();
    let directory = directory_of(&ran);
    assert!(!directory.exists(), "{}", directory.display());
    assert!(!ran.stderr.contains("directory"), "{}", ran.stderr);
    // The server had the same port and the same file after its restart.
    let said: Vec<&str> = ran.stdout.lines().skip(1).collect();
    let started = said[0];
    assert_eq!(said, [started, "killed", started, started]);
}

#[test]
fn it_is_kept_on_request() {
    let ran = run(example().env(KEEP, "1")).passed();
    let directory = directory_of(&ran);
    says(&ran.stderr, &[&format!("[peer] directory: {}\n", directory.display())]);
    let servers: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|server| server.unwrap().path()).collect();
    assert!(servers.len() == 1 && servers[0].join("log").exists(), "{servers:?}");
    std::fs::remove_dir_all(directory).unwrap();
}
