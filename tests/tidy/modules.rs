//! The modules of one crate, and which file names what of which other.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenTree};

use crate::source::{Source, attribute, end_of_item, is_cfg_test, is_ident, is_punct, is_separator, line};

/// A path as it is written, outside `#[cfg(test)]`.
pub(crate) struct Written {
    /// The module it stands in.
    pub(crate) module: Vec<String>,
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    /// In an expression, a type, or the arguments of a macro.
    Plain,
    /// A leaf of a `use`, with the name that it binds; the last segment of a glob is `*`.
    Use { name: String, is_public: bool },
}

/// `node/serve.rs` is `["node", "serve"]`, and `lib.rs` the root.
pub(crate) fn module_of(folder: &str, path: &str) -> Vec<String> {
    let path = path.trim_start_matches(folder).trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

/// Every path in the file, of which only the first segments can name modules.
pub(crate) fn paths(file: &Source, module: Vec<String>) -> Vec<Written> {
    let mut found = Vec::new();
    collect(&file.tokens(), &module, &mut found);
    found
}

fn collect(tokens: &[TokenTree], module: &[String], found: &mut Vec<Written>) {
    let mut at = 0;
    while at < tokens.len() {
        if attribute(tokens, at).is_some_and(|attribute| is_cfg_test(&attribute)) {
            at = end_of_item(tokens, at);
            continue;
        }
        if let Some((name, body)) = inline_module(tokens, at) {
            collect(&body, &[module, &[name]].concat(), found);
            at += 3;
            continue;
        }
        if is_ident(tokens.get(at), "use") && !is_punct(tokens.get(at + 1), '<') {
            let end = end_of_use(tokens, at);
            let is_public = is_public(&tokens[..at]);
            let mut leaves = Vec::new();
            follow_tree(&tokens[at + 1..end], &[], &mut leaves);
            for (segments, name) in leaves {
                let kind = Kind::Use { name, is_public };
                found.push(Written { module: module.to_vec(), segments, line: line(&tokens[at]), kind });
            }
            at = end;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => collect(&group.stream().into_iter().collect::<Vec<_>>(), module, found),
            TokenTree::Ident(_) if is_path_start(tokens, at) => {
                let mut segments = vec![tokens[at].to_string()];
                let line = line(&tokens[at]);
                while is_separator(tokens, at + 1)
                    && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
                {
                    segments.push(next.to_string());
                    at += 3;
                }
                // A macro of the crate has no module, wherever it is defined.
                let is_macro = segments[0] == "crate" && segments.len() == 2 && is_punct(tokens.get(at + 1), '!');
                if segments.len() > 1 && !is_macro {
                    found.push(Written { module: module.to_vec(), segments, line, kind: Kind::Plain });
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn inline_module(tokens: &[TokenTree], at: usize) -> Option<(String, Vec<TokenTree>)> {
    match (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
        (keyword, Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) if is_ident(keyword, "mod") => {
            Some((name.to_string(), body.stream().into_iter().collect()))
        }
        _ => None,
    }
}

fn is_path_start(tokens: &[TokenTree], at: usize) -> bool {
    let dots = tokens[..at].iter().rev().take_while(|token| is_punct(Some(token), '.')).count();
    dots != 1 && (at < 2 || !is_separator(tokens, at - 2))
}

fn is_public(before: &[TokenTree]) -> bool {
    let before = match before {
        [rest @ .., TokenTree::Group(_)] => rest,
        all => all,
    };
    is_ident(before.last(), "pub")
}

fn end_of_use(tokens: &[TokenTree], at: usize) -> usize {
    tokens[at..].iter().position(|token| is_punct(Some(token), ';')).map_or(tokens.len(), |end| at + end)
}

/// The leaves of a tree of `use`, each with the name that it binds.
fn follow_tree(tokens: &[TokenTree], base: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let mut path = base.to_vec();
    let mut name = None;
    let mut tokens = tokens.iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if *ident == "as" => name = tokens.next().map(ToString::to_string),
            TokenTree::Ident(ident) if *ident == "self" && !path.is_empty() => {}
            TokenTree::Ident(ident) => path.push(ident.to_string()),
            TokenTree::Punct(star) if star.as_char() == '*' => path.push("*".to_owned()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let branches: Vec<_> = group.stream().into_iter().collect();
                for branch in branches.split(|token| is_punct(Some(token), ',')).filter(|branch| !branch.is_empty()) {
                    follow_tree(branch, &path, found);
                }
                return;
            }
            _ => {}
        }
    }
    let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
    found.push((path, name));
}

/// What one module declares and binds.
#[derive(Default)]
struct Module {
    file: usize,
    items: BTreeSet<String>,
    bindings: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// One file names an item that another one defines.
pub(crate) struct Arrow {
    pub(crate) to: usize,
    pub(crate) line: usize,
}

/// One crate.
pub(crate) struct Tree<'a> {
    folder: &'static str,
    pub(crate) files: Vec<&'a Source>,
    modules: BTreeMap<Vec<String>, Module>,
}

impl<'a> Tree<'a> {
    /// The crate in this folder; files of unit tests are no part of it.
    pub(crate) fn new(folder: &'static str, files: &'a [Source]) -> Self {
        let files: Vec<_> = files.iter().filter(|file| !file.is_unit_tests()).collect();
        let mut tree = Self { folder, files, modules: BTreeMap::new() };
        for file in 0..tree.files.len() {
            let module = module_of(folder, &tree.files[file].path);
            tree.declare(&tree.files[file].tokens(), &module, file);
            for path in paths(tree.files[file], module) {
                let Kind::Use { name, .. } = path.kind else { continue };
                let module = tree.modules.entry(path.module).or_default();
                if name == "*" {
                    module.globs.push(path.segments[..path.segments.len() - 1].to_vec());
                } else {
                    module.bindings.insert(name, path.segments);
                }
            }
        }
        tree
    }

    /// The first module of the file's path, which the import table is about.
    pub(crate) fn room(&self, file: usize) -> Option<String> {
        module_of(self.folder, &self.files[file].path).into_iter().next()
    }

    /// Notes the names of the items among these tokens, which are those of a module.
    fn declare(&mut self, tokens: &[TokenTree], module: &[String], file: usize) {
        const KEYWORDS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod"];
        self.modules.entry(module.to_vec()).or_default().file = file;
        let mut at = 0;
        while at < tokens.len() {
            if attribute(tokens, at).is_some_and(|attribute| is_cfg_test(&attribute)) {
                at = end_of_item(tokens, at);
                continue;
            }
            if let Some((name, body)) = inline_module(tokens, at) {
                self.declare(&body, &[module, &[name]].concat(), file);
                at += 3;
                continue;
            }
            let is_macro = is_ident(tokens.get(at), "macro_rules");
            let name = if is_macro { at + 2 } else { at + 1 };
            if (is_macro || KEYWORDS.iter().any(|keyword| is_ident(tokens.get(at), keyword)))
                && let Some(TokenTree::Ident(name)) = tokens.get(name)
                && !is_ident(tokens.get(at), "mod")
            {
                self.modules.entry(module.to_vec()).or_default().items.insert(name.to_string());
            }
            at += 1;
        }
    }

    /// File and name of the item that the path leads to, past every re-export. A path to a module has none: what is
    /// taken from the module has.
    pub(crate) fn item(&self, module: &[String], segments: &[String]) -> Option<(usize, String)> {
        self.definition(&self.absolute(module, segments)?, 0)
    }

    fn absolute(&self, module: &[String], segments: &[String]) -> Option<Vec<String>> {
        let mut base = module.to_vec();
        let mut rest = segments;
        loop {
            match rest.first()?.as_str() {
                "crate" => base.clear(),
                "super" => drop(base.pop()),
                "self" => {}
                first => {
                    // A plain name is one of this module, or another crate's.
                    let is_plain = rest.len() == segments.len();
                    let here = self.modules.get(&base)?;
                    let child = [&base[..], &[first.to_owned()]].concat();
                    let is_known = here.items.contains(first)
                        || here.bindings.get(first).is_some_and(|to| to != rest)
                        || self.modules.contains_key(&child);
                    return (!is_plain || is_known).then(|| [base, rest.to_vec()].concat());
                }
            }
            rest = &rest[1..];
            if rest.is_empty() {
                return Some(base);
            }
        }
    }

    fn definition(&self, path: &[String], depth: usize) -> Option<(usize, String)> {
        // Two globs may name each other.
        if depth > 16 {
            return None;
        }
        let mut module = Vec::new();
        for (at, segment) in path.iter().enumerate() {
            let here = self.modules.get(&module)?;
            let child = [&module[..], std::slice::from_ref(segment)].concat();
            let is_last = at + 1 == path.len();
            if self.modules.contains_key(&child) && (!is_last || module.is_empty()) {
                module = child;
                continue;
            }
            if segment == "*" || here.items.contains(segment) {
                return Some((here.file, segment.clone()));
            }
            let follow = |to: &[String]| {
                let to = [to, &path[at + 1..]].concat();
                self.definition(&self.absolute(&module, &to)?, depth + 1)
            };
            if let Some(to) = here.bindings.get(segment) {
                return follow(to);
            }
            if self.modules.contains_key(&child) {
                return None;
            }
            let globbed =
                here.globs.iter().find_map(|glob| follow(&[&glob[..], std::slice::from_ref(segment)].concat()));
            // What a macro defines has no name here; the root shows things, and nothing in the crate takes them there.
            return globbed.or_else(|| (!module.is_empty()).then(|| (here.file, segment.clone())));
        }
        None
    }

    /// What the file takes from others. A re-export is no arrow, unless the file uses the name itself.
    pub(crate) fn arrows(&self, file: usize) -> Vec<Arrow> {
        let source = self.files[file];
        let mut used = BTreeSet::new();
        bare_names(&source.tokens(), &mut used);
        let mut arrows = Vec::new();
        for path in paths(source, module_of(self.folder, &source.path)) {
            if let Kind::Use { name, is_public: true } = &path.kind
                && !used.contains(name)
            {
                continue;
            }
            let item = self.item(&path.module, &path.segments);
            let to = item.map(|(to, _)| to).filter(|to| *to != file);
            arrows.extend(to.map(|to| Arrow { to, line: path.line }));
        }
        arrows
    }
}

/// Names that stand by themselves or begin a path, outside `use` and tests.
fn bare_names(tokens: &[TokenTree], names: &mut BTreeSet<String>) {
    let mut at = 0;
    while at < tokens.len() {
        if attribute(tokens, at).is_some_and(|attribute| is_cfg_test(&attribute)) {
            at = end_of_item(tokens, at);
            continue;
        }
        if is_ident(tokens.get(at), "use") && !is_punct(tokens.get(at + 1), '<') {
            at = end_of_use(tokens, at);
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => bare_names(&group.stream().into_iter().collect::<Vec<_>>(), names),
            TokenTree::Ident(name) if is_path_start(tokens, at) && !is_ident(tokens.get(at.wrapping_sub(1)), "mod") => {
                names.insert(name.to_string());
            }
            _ => {}
        }
        at += 1;
    }
}
