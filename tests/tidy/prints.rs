//! Who writes to standard output and standard error.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;

use crate::modules::module_of;
use crate::source::{Source, Violations, each_place, is_punct, line, qualifier, rust_in};

const FOLDER: &str = "peer-runtime/src/";

/// Modules that may write there, each with the reason. Everything else sends an event.
const MAY: &[(&str, &str)] = &[
    ("harness::report", "it alone prints for a test run"),
    ("sys", "the calls themselves"),
    ("keeper", "its standard descriptors are its socket"),
    ("process::descriptors", "a process that is no test passes its own output on to its peers"),
    ("node::descriptors", "a node makes both its console"),
    ("node::boot", "its standard error is its console"),
    ("scope::console", "a program that is no test shows its peers' consoles on its standard error"),
    ("panic", "a panic outside tests is shown as the standard library shows it"),
];

/// Rooms that still print, and in how many places. A number may only fall.
const STILL: &[(&str, usize)] = &[];

/// Prints outside the reporters.
pub(crate) fn violations() -> Violations {
    let mut files = rust_in(FOLDER);
    files.retain(|file| !file.is_unit_tests());
    against(&prints(&files), STILL)
}

struct Print {
    room: String,
    file: String,
    line: usize,
    what: String,
}

fn against(prints: &[Print], still: &[(&str, usize)]) -> Violations {
    let mut violations = Violations::default();
    let mut sums = BTreeMap::<&str, usize>::new();
    for print in prints {
        *sums.entry(&print.room).or_default() += 1;
    }
    for print in prints {
        let allowed = still.iter().find(|(room, _)| *room == print.room).map_or(0, |(_, places)| *places);
        if sums[&*print.room] > allowed {
            let remedy = "send an event to `harness/report`, which alone prints";
            violations.add(&print.file, print.line, format_args!("`{}`", print.what), remedy);
        }
    }
    for (room, places) in still {
        let left = sums.get(room).copied().unwrap_or_default();
        if left < *places {
            let found = format!("`{room}` prints in {left} places, not {places}");
            violations.add("tests/tidy/prints.rs", 1, found, "lower the number in STILL, or remove the line");
        }
    }
    violations
}

fn prints(files: &[Source]) -> Vec<Print> {
    let mut found = Vec::new();
    for file in files {
        let module = module_of(FOLDER, &file.path);
        let path = module.join("::");
        if MAY.iter().any(|(may, _)| path == *may || path.starts_with(&format!("{may}::"))) {
            continue;
        }
        each_place(&file.tokens(), false, &mut |tokens, at| {
            if let Some(what) = print_at(tokens, at) {
                let room = module.first().cloned().unwrap_or_default();
                found.push(Print { room, file: file.path.clone(), line: line(&tokens[at]), what });
            }
        });
    }
    found
}

/// The macro, or the function that gives the stream, which is written here.
fn print_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
    let name = match &tokens[at] {
        TokenTree::Ident(name) => name.to_string(),
        TokenTree::Literal(text) => {
            let text = text.to_string();
            return (text.starts_with("\"/dev/std") || text.starts_with("\"/proc/self/fd")).then_some(text);
        }
        _ => return None,
    };
    if MACROS.contains(&&*name) && is_punct(tokens.get(at + 1), '!') {
        return Some(format!("{name}!"));
    }
    let is_call = matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
    let is_stream = ["stdout", "stderr", "dup2_stdout", "dup2_stderr"].contains(&&*name);
    let module = qualifier(tokens, at);
    (is_call && is_stream && module.is_some()).then(|| format!("{}::{name}", module.unwrap_or_default()))
}

mod tests {
    use super::*;

    #[test]
    fn prints_are_found() {
        let source = |path: &str, text: &str| Source { path: format!("{FOLDER}{path}"), text: text.to_owned() };
        let text = "fn f() { println!(\"x\"); std::io::stderr().lock(); vec![dbg!(1)]; command.stdout(Stdio::null()); }
            #[cfg(test)] mod tests { fn t() { print!(\"x\") } }";
        let found = prints(&[source("scope/a.rs", text), source("harness/report/a.rs", text), source("sys.rs", text)]);
        assert_eq!(found.iter().map(|print| &*print.what).collect::<Vec<_>>(), ["println!", "io::stderr", "dbg!"]);
        assert_eq!(against(&found, &[]).count(), 3);
        assert_eq!(against(&found, &[("scope", 3)]).count(), 0);
        assert_eq!(against(&found, &[("scope", 4)]).count(), 1, "a stale exception");
    }
}
