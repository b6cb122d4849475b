//! The sources of the workspace as text and as tokens, and how a broken rule is told.

use std::fmt::Display;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One text file of the workspace.
pub(crate) struct Source {
    /// Relative to the workspace, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn read(path: &str) -> Option<Source> {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    }

    /// Unit tests in a file of their own: the module, or one around it, is declared behind `#[cfg(test)]`.
    pub(crate) fn is_unit_tests(&self) -> bool {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let Some((folder, module)) = path.rsplit_once('/') else {
            return false;
        };
        let parents = [format!("{folder}.rs"), format!("{folder}/mod.rs"), format!("{folder}/lib.rs")];
        let parent = parents.iter().filter(|parent| **parent != self.path).find_map(|parent| Source::read(parent));
        parent.is_some_and(|parent| parent.declares_for_tests(module) || parent.is_unit_tests())
    }

    fn declares_for_tests(&self, module: &str) -> bool {
        let tokens = self.tokens();
        (0..tokens.len()).any(|at| {
            attribute(&tokens, at).is_some_and(|attribute| is_cfg_test(&attribute)) && {
                let end = end_of_item(&tokens, at);
                let item: Vec<_> = tokens[at..end].iter().rev().take(3).collect();
                matches!(item[..], [_, name, keyword] if is_ident(Some(name), module) && is_ident(Some(keyword), "mod"))
            }
        })
    }

    pub(crate) fn tokens(&self) -> Vec<TokenTree> {
        let stream: TokenStream = match self.text.parse() {
            Ok(stream) => stream,
            Err(error) => panic!("{}: not Rust: {error}; mend the file first", self.path),
        };
        stream.into_iter().collect()
    }
}

/// Every file with this extension, in the order of their paths; build output and hidden folders are left out.
pub(crate) fn files(extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the workspace can be listed") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|is| is == extension) {
                let relative = path.strip_prefix(root()).expect("found below the workspace");
                found.extend(Source::read(&relative.to_string_lossy().replace('\\', "/")));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file that is held to the rules; the inputs of the compile-fail tests are wrong on purpose.
pub(crate) fn rust() -> Vec<Source> {
    let mut files = files("rs");
    files.retain(|file| !file.path.starts_with("tests/ui/"));
    assert!(!files.is_empty(), "no Rust file found below {}", root().display());
    files
}

/// The Rust files below one folder, which must have some.
pub(crate) fn rust_in(folder: &str) -> Vec<Source> {
    let mut files = rust();
    files.retain(|file| file.path.starts_with(folder));
    assert!(!files.is_empty(), "no Rust file below {folder}: has the folder moved? name the new one in tests/tidy");
    files
}

/// What breaks one rule, collected so that one run tells everything.
#[derive(Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// One line: `file:line: what; what to do`.
    pub(crate) fn add(&mut self, file: &str, line: usize, what: impl Display, remedy: impl Display) {
        self.0.push(format!("{file}:{line}: {what}; {remedy}"));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Fails the test if there is any.
    #[track_caller]
    pub(crate) fn none(self) {
        assert!(self.0.is_empty(), "{} violation(s)\n{}\n", self.0.len(), self.0.join("\n"));
    }
}

/// Calls `visit` with every place in every nested list of tokens. Doc comments are left out, and so is what
/// stands behind `#[cfg(test)]` when `with_tests` is false.
pub(crate) fn each_place(tokens: &[TokenTree], with_tests: bool, visit: &mut impl FnMut(&[TokenTree], usize)) {
    let mut at = 0;
    while at < tokens.len() {
        if let Some(attribute) = attribute(tokens, at) {
            if is_ident(attribute.first(), "doc") {
                at += 2;
                continue;
            }
            if !with_tests && is_cfg_test(&attribute) {
                at = end_of_item(tokens, at);
                continue;
            }
        }
        visit(tokens, at);
        if let TokenTree::Group(group) = &tokens[at] {
            let inner: Vec<_> = group.stream().into_iter().collect();
            each_place(&inner, with_tests, visit);
        }
        at += 1;
    }
}

/// What is inside the brackets, if an outer attribute starts here.
pub(crate) fn attribute(tokens: &[TokenTree], at: usize) -> Option<Vec<TokenTree>> {
    match (tokens.get(at), tokens.get(at + 1)) {
        (Some(TokenTree::Punct(hash)), Some(TokenTree::Group(group)))
            if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
        {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

pub(crate) fn is_cfg_test(attribute: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(condition)) = attribute.get(1) else {
        return false;
    };
    let is_negated = is_ident(condition.stream().into_iter().next().as_ref(), "not");
    is_ident(attribute.first(), "cfg")
        && !is_negated
        && condition.stream().into_iter().any(|token| is_ident(Some(&token), "test"))
}

/// The place behind the item that starts here: behind its braces or its semicolon.
pub(crate) fn end_of_item(tokens: &[TokenTree], from: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens[from..].iter().position(ends).map_or(tokens.len(), |end| from + end + 1)
}

pub(crate) fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if *ident == name)
}

pub(crate) fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// Whether `::` stands here.
pub(crate) fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// The name in front of `::name`, if the token here has one: `thread` for `sleep` in `thread::sleep`.
pub(crate) fn qualifier(tokens: &[TokenTree], at: usize) -> Option<String> {
    if at < 3 || !is_separator(tokens, at - 2) {
        return None;
    }
    Some(tokens[at - 3].to_string())
}

pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}
