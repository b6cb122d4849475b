//! Which tests and hooks run in this process, for what reports that the process ends.

use parking_lot::Mutex;

static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// While it lives, its test or hook is one that runs.
pub(crate) struct Registration(String);

/// Registers a test or a hook by its path.
pub(crate) fn register(name: &str) -> Registration {
    NAMES.lock().push(name.to_owned());
    Registration(name.to_owned())
}

/// The paths of all that run, in the order in which they started.
pub(crate) fn names() -> Vec<String> {
    NAMES.lock().clone()
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut names = NAMES.lock();
        if let Some(at) = names.iter().position(|name| *name == self.0) {
            names.remove(at);
        }
    }
}
