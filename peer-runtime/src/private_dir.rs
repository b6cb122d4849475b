//! Directories that only this user can enter.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// All rights for the user, none for others.
pub(crate) const MODE: u32 = 0o700;

pub(crate) fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(MODE).create(path)
}

/// Creates the directory, or uses the one that is there if it is as private.
pub(crate) fn create_or_open(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_private(path) => Ok(()),
        created => created,
    }
}

/// Is there a directory, not a link to one, that belongs to this user and that others cannot enter?
pub(crate) fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_a_directory_of_this_user_alone_is_private() {
        let folder = std::env::temp_dir().join(crate::name::random_name("peer-private"));
        let own = folder.join("own");
        create(&folder).unwrap();
        create_or_open(&own).unwrap();
        create_or_open(&own).unwrap();
        assert!(create(&own).is_err());

        symlink(&own, folder.join("link")).unwrap();
        assert!(create_or_open(&folder.join("link")).is_err());

        fs::set_permissions(&own, Permissions::from_mode(0o770)).unwrap();
        assert!(create_or_open(&own).is_err());
        // Only root can give a directory away, and only root owns `/`.
        if rustix::process::geteuid().is_root() {
            fs::set_permissions(&own, Permissions::from_mode(MODE)).unwrap();
            std::os::unix::fs::chown(&own, Some(4711), None).unwrap();
            assert!(!is_private(&own));
        } else {
            assert!(!is_private(Path::new("/")));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
