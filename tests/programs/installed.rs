//! What tests of other programs share: the programs, or why a test is ignored.

use std::path::{Path, PathBuf};

/// The path of a program of this Debian package. A test whose program is missing is ignored; where `CI` is set, it fails.
pub(crate) fn installed(program: &str, package: &str) -> PathBuf {
    installed_by(program, &format!("apt-get install {package}"))
}

/// The same for a program that another command installs.
pub(crate) fn installed_by(program: &str, install: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian keeps the versions of PostgreSQL side by side, and out of `PATH`.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|entry| entry.path().join("bin")));
    let found = folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        let why = format!("{program} is not installed; {install}");
        assert!(std::env::var_os("CI").is_none(), "{why}");
        peer::skip(why)
    })
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
