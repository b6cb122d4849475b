//! Hiding an argument of this process from everything that looks at them later.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

unsafe extern "C" {
    static environ: *const *mut c_char;
}

/// Removes argument number `index` from what `std::env::args` and `main` see.
///
/// To be called before `main`, while `environ` is still the array that the kernel laid down right
/// behind the arguments. Does nothing if the memory there is not what that means.
pub(crate) fn hide(index: usize) {
    let args: Vec<_> = std::env::args_os().collect();
    let count = args.len();
    // SAFETY: before `main` only constructors have run. The kernel puts argv[0..argc], a null
    // pointer and the environment into one array, and `environ` points to its last part; if
    // somebody has replaced it since, the comparison below reads memory in front of a heap block of
    // theirs at worst, so that is ruled out first: on the initial stack `environ` lies above this frame.
    unsafe {
        let frame = (&raw const args).cast::<c_char>();
        let environment = environ;
        if environment.is_null() || environment.cast::<c_char>() < frame {
            return;
        }
        let argv = environment.cast_mut().sub(count + 1);
        if !argv.add(count).read().is_null() {
            return;
        }
        for (at, arg) in args.iter().enumerate() {
            let pointer = argv.add(at).read();
            if pointer.is_null() || OsStr::from_bytes(CStr::from_ptr(pointer).to_bytes()) != arg {
                return;
            }
        }
        // `std` reads up to its count or a null pointer, whichever comes first.
        for at in index..count {
            argv.add(at).write(argv.add(at + 1).read());
        }
    }
}
