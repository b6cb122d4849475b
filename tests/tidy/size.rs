//! How much one file holds, and in how many files one type is implemented.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;
use syn::{Item, Type};

use crate::modules::{Tree, module_of};
use crate::source::{Source, Violations, attribute, end_of_item, files, is_cfg_test, is_ident, is_punct, rust_in};

/// Lines of code of one file: documentation, comments, blank lines and unit tests are not counted. A file of tests may
/// have some more.
const LINES: usize = 400;
const LINES_OF_TESTS: usize = 500;

/// Types that are still implemented in more files than two, and in how many. A number may only fall.
const STILL: &[(&str, usize)] = &[];

/// Files with more code than one job needs.
pub(crate) fn long_files() -> Violations {
    let mut violations = Violations::default();
    for file in files("rs") {
        let is_test = file.path.starts_with("tests/") || file.is_unit_tests();
        let limit = if is_test { LINES_OF_TESTS } else { LINES };
        let lines = lines_of_code(&file, is_test);
        if lines > limit {
            let found = format!("{lines} lines of code, more than {limit}");
            violations.add(&file.path, 1, found, "split the file by job");
        }
    }
    violations
}

fn lines_of_code(file: &Source, with_tests: bool) -> usize {
    let mut lines = BTreeSet::new();
    count(&file.tokens(), with_tests, &mut lines);
    lines.len()
}

fn count(tokens: &[TokenTree], with_tests: bool, lines: &mut BTreeSet<usize>) {
    let mut at = 0;
    while at < tokens.len() {
        let is_inner = is_punct(tokens.get(at + 1), '!');
        // `#![doc = ..]` has one token more than `#[doc = ..]`.
        let inside = match tokens.get(at + 1 + usize::from(is_inner)) {
            Some(TokenTree::Group(group)) if is_punct(tokens.get(at), '#') => group.stream().into_iter().next(),
            _ => None,
        };
        if is_ident(inside.as_ref(), "doc") {
            at += 2 + usize::from(is_inner);
            continue;
        }
        if !with_tests && attribute(tokens, at).is_some_and(|attribute| is_cfg_test(&attribute)) {
            at = end_of_item(tokens, at);
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => {
                lines.extend([group.span_open().start().line, group.span_close().end().line]);
                count(&group.stream().into_iter().collect::<Vec<_>>(), with_tests, lines);
            }
            token => lines.extend(token.span().start().line..=token.span().end().line),
        }
        at += 1;
    }
}

/// Types whose inherent `impl` blocks are in more than two files.
pub(crate) fn scattered_types() -> Violations {
    let mut found = BTreeMap::new();
    for folder in ["peer-runtime/src/", "peer-macros/src/"] {
        found.extend(implemented(folder, &rust_in(folder)));
    }
    against(found, STILL)
}

fn against(found: BTreeMap<String, BTreeSet<String>>, still: &[(&str, usize)]) -> Violations {
    let mut violations = Violations::default();
    for (name, allowed) in still {
        let files = found.get(*name).map_or(0, BTreeSet::len);
        if files < *allowed {
            let what = format!("`{name}` is implemented in {files} files, not in {allowed}");
            violations.add("tests/tidy/size.rs", 1, what, "lower the number in STILL, or remove the line");
        }
    }
    for (name, files) in found {
        let allowed = still.iter().find(|(still, _)| *still == name).map_or(2, |(_, files)| *files);
        if files.len() > allowed {
            let files: Vec<_> = files.into_iter().collect();
            let what = format!("`{name}` is implemented in {} files: {}", files.len(), files.join(", "));
            violations.add(&files[0], 1, what, "give what is a job of its own a type of its own");
        }
    }
    violations
}

/// Types, as `file::Name`, with the files that implement them.
fn implemented(folder: &'static str, files: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let tree = Tree::new(folder, files);
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for file in &tree.files {
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: not Rust: {error}", file.path));
        for item in parsed.items {
            let Item::Impl(block) = item else { continue };
            let Type::Path(ty) = &*block.self_ty else { continue };
            let segments: Vec<_> = ty.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if block.trait_.is_none()
                && let Some((defined, name)) = tree.item(&module_of(folder, &file.path), &segments)
            {
                let name = format!("{}::{name}", module_of(folder, &tree.files[defined].path).join("::"));
                found.entry(name).or_default().insert(file.path.clone());
            }
        }
    }
    found
}

mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn only_code_is_counted() {
        let text = "//! Docs.\n\n/// Docs.\nfn f() {\n    // A comment.\n    g(\"two\n lines\");\n}\n\n#[cfg(test)]\nmod tests {\n    fn t() {}\n}\n";
        assert_eq!(lines_of_code(&source("planted/src/a.rs", text), false), 4);
        assert_eq!(lines_of_code(&source("planted/src/a.rs", text), true), 8);
    }

    #[test]
    fn a_type_in_three_files_is_found() {
        let files = [
            source("planted/src/lib.rs", "mod a; mod b; mod c;"),
            source("planted/src/a.rs", "pub(crate) struct T; impl T {} impl Clone for T {}"),
            source("planted/src/b.rs", "use crate::a::T; impl T {} struct Other; impl Other {}"),
            source("planted/src/c.rs", "impl crate::a::T {} struct Other; impl Other {}"),
        ];
        let found = || implemented("planted/src/", &files);
        assert_eq!(against(found(), &[]).count(), 1);
        assert_eq!(against(found(), &[("a::T", 3)]).count(), 0);
        assert_eq!(against(found(), &[("a::T", 4)]).count(), 1, "a stale exception");
    }
}
