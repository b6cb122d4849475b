//! What the tests of real servers share.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The path of a program; a test without it proves nothing, and so fails.
pub(crate) fn installed(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian keeps the versions of PostgreSQL side by side.
    folders.extend(
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path().join("bin")),
    );
    let found = folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`{program}` is not installed: apt-get install {package}"))
}

/// The processes that work in `folder` or below it, with their command lines.
pub(crate) fn working_in(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let process = entry.unwrap().path();
        // What has ended meanwhile works nowhere.
        if std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder)) {
            let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
            found.push(format!("{}: {}", process.display(), String::from_utf8_lossy(&command).replace('\0', " ")));
        }
    }
    found
}
