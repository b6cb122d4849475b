//! Unique names of directories, which say whose they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::Access;

use crate::name;
use crate::truncate;

/// The longest part of a name that says whose directory it is, in bytes. The path of a Unix socket has 107 at most.
const LONGEST: usize = 64;

/// A path that no other directory has: `<executable>-<owner>-<ospid>-<n>`, with `-` for `::`.
pub(super) fn fresh(owner: Option<&str>) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let prefix = prefix(&name::of_program(&name::own_path()), owner);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base().join(format!("{prefix}-{}-{n}", std::process::id()));
        // A process with the same pid may have kept one.
        if fs::symlink_metadata(&path).is_err() {
            return path;
        }
    }
}

fn prefix(executable: &str, owner: Option<&str>) -> String {
    let whole = match owner {
        Some(owner) => format!("{executable}-{}", owner.replace("::", "-")),
        None => executable.to_owned(),
    };
    let mut prefix: String = whole.chars().filter(|c| name::is_of_word(*c)).collect();
    prefix.truncate(truncate::start(&prefix, LONGEST).len());
    prefix
}

/// The directory of the peer `name`: its name, with what cannot be part of a file name encoded.
pub(super) fn of_peer(name: &str) -> String {
    match name {
        "." | ".." => name.replace('.', "%2E"),
        _ => name.replace('%', "%25").replace('/', "%2F"),
    }
}

/// Where the directories of this process are: cargo's `tmp`, or the machine's directory for temporary files.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let temporary = std::env::temp_dir();
        // Fails for a relative path without a working directory.
        let temporary = || std::path::absolute(&temporary).unwrap_or(temporary);
        target_dir(&crate::name::own_path()).and_then(|target| writable(target.join("tmp"))).unwrap_or_else(temporary)
    })
}

/// The target directory of cargo that contains `executable`; cargo leaves a tag file there.
fn target_dir(executable: &Path) -> Option<&Path> {
    executable.ancestors().skip(1).find(|folder| {
        let tag = fs::read_to_string(folder.join("CACHEDIR.TAG"));
        tag.is_ok_and(|tag| tag.contains("created by cargo"))
    })
}

/// The directory, if it is writable. It is made if it is missing, as cargo does.
fn writable(folder: PathBuf) -> Option<PathBuf> {
    let _ = fs::create_dir(&folder);
    rustix::fs::access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_ok().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is_and_is_not_long() {
        assert_eq!(prefix("store", Some("suite::quick::boots")), "store-suite-quick-boots");
        assert_eq!(prefix("store", Some("suite::größe::測試")), "store-suite-größe-測試");
        assert_eq!(prefix("store", Some("a/b\u{1b} c")), "store-abc");
        let long = prefix("store", Some(&"測".repeat(64)));
        assert!((LONGEST - 2..=LONGEST).contains(&long.len()), "{long}");
        assert_eq!(prefix("store", Some(&"very_long::".repeat(20))).len(), LONGEST);
        assert_eq!(name::of_program(&name::own_path()), "peer_runtime");
        let (one, two) = (fresh(Some("a::b")), fresh(Some("a::b")));
        assert_ne!(one, two);
        let name = one.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("peer_runtime-a-b-{}-", std::process::id())), "{name}");
    }

    #[test]
    fn a_test_executable_of_cargo_is_found_to_be_one() {
        // Cargo marks the target directories that it creates itself.
        assert!(base().ends_with("tmp"), "{}", base().display());
        assert_eq!(target_dir(Path::new("/usr/bin/store")), None);
        assert_eq!(writable(PathBuf::from("/proc/self/none")), None);
    }

    #[test]
    fn every_name_of_a_node_is_one_directory() {
        let names = ["db-1", ".", "..", "a/b", "a-b", "a%2Fb", "../up", "%2E"];
        let all: std::collections::HashSet<String> = names.iter().map(|name| of_peer(name)).collect();
        assert_eq!(all.len(), names.len());
        assert!(all.iter().all(|name| !name.contains('/') && name != "." && name != ".."), "{all:?}");
    }
}
