//! The identity of this build: whether two processes run the same code.

use std::ffi::{c_int, c_void};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

const NT_GNU_BUILD_ID: u32 = 3;

/// The linker's build id of this executable or, without one, a hash of the file itself.
pub(crate) fn build_id() -> u128 {
    static ID: OnceLock<u128> = OnceLock::new();
    *ID.get_or_init(|| match note().or_else(|| std::fs::read("/proc/self/exe").ok()) {
        Some(bytes) => hash(&bytes),
        // Equal to no other build, so that everything is called by name.
        None => u128::from_ne_bytes(crate::random::bytes()),
    })
}

fn hash(bytes: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, bytes).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// The content of the note section that the linker wrote into the running executable.
fn note() -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    // SAFETY: the callback gets the pointer to `found`, which outlives the call, and is called on
    // this thread before `dl_iterate_phdr` returns.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut found).cast()) };
    found
}

/// Looks at the first object, the executable, and stops there.
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, found: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid `info`, whose headers describe mapped memory of the
    // executable; `found` is what `note` passed. A note's size is checked against its segment.
    unsafe {
        let info = &*info;
        let found = &mut *found.cast::<Option<Vec<u8>>>();
        for at in 0..usize::from(info.dlpi_phnum) {
            let header = &*info.dlpi_phdr.add(at);
            if header.p_type == libc::PT_NOTE {
                let start = (info.dlpi_addr + header.p_vaddr) as *const u8;
                let notes = std::slice::from_raw_parts(start, header.p_memsz as usize);
                *found = found.take().or_else(|| build_note(notes));
            }
        }
    }
    1
}

/// Finds the build id among the notes of one segment.
fn build_note(mut notes: &[u8]) -> Option<Vec<u8>> {
    loop {
        let word = |at: usize| Some(u32::from_ne_bytes(notes.get(at..at + 4)?.try_into().ok()?));
        let (name_size, size, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let content = 12 + name_size.next_multiple_of(4);
        if kind == NT_GNU_BUILD_ID && notes.get(12..16)? == b"GNU\0" {
            return notes.get(content..content + size).map(<[u8]>::to_vec);
        }
        notes = notes.get(content + size.next_multiple_of(4)..)?;
    }
}
