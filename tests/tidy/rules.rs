//! Rules about single expressions and words of the sources.

use proc_macro2::{Delimiter, TokenTree};

use crate::source::{Source, Violations, each_place, files, is_ident, line, qualifier, rust, rust_in};

/// `unsafe`, in any of its forms, outside `peer-runtime/src/sys`.
pub(crate) fn unsafe_outside_sys() -> Violations {
    let mut violations = Violations::default();
    for file in rust() {
        if is_module(&file, "sys") {
            continue;
        }
        // The unit tests of the macros feed them what they refuse.
        let with_tests = !file.path.starts_with("peer-macros/");
        each_place(&file.tokens(), with_tests, &mut |tokens, at| {
            if is_ident(tokens.get(at), "unsafe") {
                let remedy = "put it behind a safe function in peer-runtime/src/sys";
                violations.add(&file.path, line(&tokens[at]), "`unsafe` outside sys", remedy);
            }
        });
    }
    violations
}

/// `Duration::from_secs(5)` and the like in the runtime, outside `timeouts.rs`.
pub(crate) fn durations_outside_timeouts() -> Violations {
    let mut violations = Violations::default();
    for file in rust_in("peer-runtime/src/") {
        if file.path == "peer-runtime/src/timeouts.rs" || file.is_unit_tests() {
            continue;
        }
        each_place(&file.tokens(), false, &mut |tokens, at| {
            let Some(TokenTree::Ident(function)) = tokens.get(at) else {
                return;
            };
            let function = function.to_string();
            let makes = (function.starts_with("from_") || function == "new")
                && qualifier(tokens, at).as_deref() == Some("Duration");
            if makes && has_literal(tokens.get(at + 1)) {
                violations.add(
                    &file.path,
                    line(&tokens[at]),
                    format_args!("`Duration::{function}` of a literal"),
                    "give it a name and a sentence about what it waits for in peer-runtime/src/timeouts.rs",
                );
            }
        });
    }
    violations
}

/// Calls of a sleeping function, except where being busy is the job.
pub(crate) fn sleeps() -> Violations {
    let mut violations = Violations::default();
    for file in rust() {
        let tokens = file.tokens();
        let functions = functions(&tokens);
        each_place(&tokens, true, &mut |tokens, at| {
            if !is_sleep(tokens, at) {
                return;
            }
            let line = line(&tokens[at]);
            let inside = functions.iter().filter(|(start, end)| (*start..=*end).contains(&line)).max();
            if !is_busy(&file, line) && !inside.is_some_and(|(start, _)| is_busy(&file, *start)) {
                violations.add(
                    &file.path,
                    line,
                    "a sleep",
                    "wait for the event with a deadline, or, if being busy is the job of this function, say why in a comment `// busy:` above it",
                );
            }
        });
    }
    violations
}

fn is_sleep(tokens: &[TokenTree], at: usize) -> bool {
    const NAMES: [&str; 4] = ["sleep", "sleep_ms", "usleep", "nanosleep"];
    if !NAMES.iter().any(|name| is_ident(tokens.get(at), name)) {
        return false;
    }
    match qualifier(tokens, at) {
        Some(module) => ["thread", "time", "libc"].contains(&module.as_str()),
        None => {
            let before = at.checked_sub(1).map(|before| tokens[before].to_string());
            is_call(tokens.get(at + 1)) && !matches!(before.as_deref(), Some("fn" | "."))
        }
    }
}

/// First and last line of every function.
fn functions(tokens: &[TokenTree]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    each_place(tokens, true, &mut |tokens, at| {
        if !is_ident(tokens.get(at), "fn") || !matches!(tokens.get(at + 1), Some(TokenTree::Ident(_))) {
            return;
        }
        let is_body =
            |token: &&TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if let Some(body) = tokens[at..].iter().find(is_body) {
            found.push((line(&tokens[at]), body.span().end().line));
        }
    });
    found
}

/// Whether a comment `// busy:` stands above this line, with nothing but comments and attributes in between.
fn is_busy(file: &Source, line: usize) -> bool {
    let above: Vec<&str> = file.text.lines().take(line - 1).map(str::trim_start).collect();
    above
        .iter()
        .rev()
        .take_while(|line| line.starts_with("//") || line.starts_with("#["))
        .any(|line| line.starts_with("// busy:"))
}

/// New processes in the runtime, outside `process.rs`.
pub(crate) fn commands_outside_process() -> Violations {
    let mut violations = Violations::default();
    for file in rust_in("peer-runtime/src/") {
        if file.is_unit_tests() || is_module(&file, "process") || is_module(&file, "sys") {
            continue;
        }
        each_place(&file.tokens(), false, &mut |tokens, at| {
            if is_ident(tokens.get(at), "new") && qualifier(tokens, at).as_deref() == Some("Command") {
                let remedy = "ask peer-runtime/src/process.rs, which also ends what it starts";
                violations.add(&file.path, line(&tokens[at]), "starts a process by itself", remedy);
            }
        });
    }
    violations
}

/// `__private` in the macros, outside `path.rs`.
pub(crate) fn private_outside_path() -> Violations {
    let mut violations = Violations::default();
    for file in rust_in("peer-macros/src/") {
        if file.path == "peer-macros/src/path.rs" || file.is_unit_tests() {
            continue;
        }
        each_place(&file.tokens(), false, &mut |tokens, at| {
            let spelled = match &tokens[at] {
                TokenTree::Ident(ident) => *ident == "__private",
                TokenTree::Literal(literal) => literal.to_string().contains("__private"),
                _ => false,
            };
            if spelled {
                violations.add(&file.path, line(&tokens[at]), "spells `__private`", "use peer-macros/src/path.rs");
            }
        });
    }
    violations
}

/// Words that are not ours, and ours.
const BANNED: [(&str, &str); 5] = [
    ("slave", "say `peer`"),
    ("master", "say `origin`"),
    ("worker node", "say `node` or `peer`"),
    ("server_ref", "say `Peer`, or `control process`"),
    ("zombie", "say `orphan`, or `a process that nobody waited for`"),
];

/// Banned words in sources and pages, in any case, also as the beginning of a longer word.
pub(crate) fn banned_words() -> Violations {
    let mut violations = Violations::default();
    for file in files("rs").into_iter().chain(files("md")) {
        // Only the list itself may spell them.
        if file.path == "tests/tidy/rules.rs" {
            continue;
        }
        for (index, text) in file.text.lines().enumerate() {
            // A lint has the name it has.
            let text = text.to_lowercase().replace("clippy::zombie_processes", "");
            for (word, instead) in BANNED {
                let begins = |at: usize| !text[..at].ends_with(char::is_alphanumeric);
                if text.match_indices(word).any(|(at, _)| begins(at)) {
                    violations.add(&file.path, index + 1, format_args!("the word `{word}`"), instead);
                }
            }
        }
    }
    violations
}

/// Whether the file is this module of the runtime, or a part of it.
fn is_module(file: &Source, module: &str) -> bool {
    let rest = file.path.strip_prefix("peer-runtime/src/");
    let rest = rest.and_then(|path| path.strip_prefix(module));
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn is_call(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

fn has_literal(token: Option<&TokenTree>) -> bool {
    match token {
        Some(TokenTree::Literal(_)) => true,
        Some(TokenTree::Group(group)) => group.stream().into_iter().any(|token| has_literal(Some(&token))),
        _ => false,
    }
}

#[test]
fn sleeps_are_told_apart() {
    let check = |source: &str, expected: usize| {
        let tokens: Vec<_> = source.parse::<proc_macro2::TokenStream>().expect("Rust").into_iter().collect();
        let mut count = 0;
        each_place(&tokens, true, &mut |tokens, at| {
            count += usize::from(is_sleep(tokens, at));
        });
        assert_eq!(count, expected, "{source}");
    };
    check("std::thread::sleep(d);", 1);
    check("use std::thread::sleep; fn f() { sleep(d) }", 2);
    check("select! { () = tokio::time::sleep(d) => {} }", 1);
    check("tokio::time::sleep_until(deadline).await; timeout(d, f).await", 0);
    check("fn sleep(ms: u64) {} peer.call(sleep, (5,)); peer.sleep(5)", 0);
}
