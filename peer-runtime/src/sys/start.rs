//! Before main: a constructor of this executable, the arguments it is given, and its fellows.

use std::ffi::{c_char, c_int};

/// What glibc calls before main, with the arguments of main.
pub(crate) type Constructor = extern "C" fn(c_int, *mut *mut c_char, *const *const c_char);

// The bounds of the executable's own table, which every linker defines. Those of libraries run earlier.
unsafe extern "C" {
    static __init_array_start: Constructor;
    static __init_array_end: Constructor;
}

/// Has a function run before main: after the standard library's own constructor (its number is 99), which keeps
/// the arguments, and before all that have no number, so that what those print is on the console.
macro_rules! before_main {
    ($function:path) => {
        // In the unit tests of this crate the other copy of it has the hook, the one that `peer` links.
        #[cfg_attr(test, expect(dead_code, reason = "only there it is not in the table"))]
        #[cfg_attr(not(test), used)]
        #[allow(unsafe_code, reason = "the table of constructors is that of functions of this very type")]
        #[cfg_attr(not(test), unsafe(link_section = ".init_array.00200"))]
        static BEFORE_MAIN: $crate::sys::Constructor = {
            extern "C" fn call(
                argc: std::ffi::c_int,
                argv: *mut *mut std::ffi::c_char,
                envp: *const *const std::ffi::c_char,
            ) {
                $function(&$crate::sys::Start::new(argc, argv, envp, call));
            }
            call
        };
    };
}
pub(crate) use before_main;

/// A process before its main, in the constructor that was called with this.
#[derive(Debug)]
pub(crate) struct Start {
    argc: c_int,
    argv: *mut *mut c_char,
    envp: *const *const c_char,
    own: Constructor,
}

impl Start {
    /// For `before_main` alone: what glibc passes to a constructor.
    pub(crate) fn new(argc: c_int, argv: *mut *mut c_char, envp: *const *const c_char, own: Constructor) -> Self {
        Self { argc, argv, envp, own }
    }

    /// Removes argument number `index` from what `std::env::args` and `main` see.
    pub(crate) fn hide(&self, index: usize) {
        let count = usize::try_from(self.argc).unwrap_or_default();
        if self.argv.is_null() {
            return;
        }
        // `std` reads up to its count or a null pointer, whichever comes first.
        for at in index..count {
            // SAFETY: before main there is one thread, and argv[0..=argc] is an array, the last of which is null.
            unsafe { self.argv.add(at).write(self.argv.add(at + 1).read()) };
        }
    }

    /// Runs the constructors that would run after this one, for a process that will not get so far: static
    /// objects of linked C++ libraries, and the tables of other crates, must be there in every node.
    pub(crate) fn run_later_constructors(&self) {
        let mut entry = &raw const __init_array_start;
        let end = &raw const __init_array_end;
        let mut later = false;
        while entry < end {
            // SAFETY: between its bounds, which the linker sets, the table holds one word for each constructor; a
            // word of zeros or ones is left out, as glibc would leave it out.
            let word = unsafe { entry.cast::<usize>().read() };
            if later && word != 0 && word != usize::MAX {
                // SAFETY: it is a constructor of this executable, and glibc would call it next, and like this.
                unsafe { entry.read()(self.argc, self.argv, self.envp) };
            }
            later |= word == self.own as usize;
            // SAFETY: `entry` is below `end`.
            entry = unsafe { entry.add(1) };
        }
    }
}
