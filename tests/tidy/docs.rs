//! What the face of the crate shows is explained, with an example.

use std::collections::BTreeSet;

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Item, Meta, UseTree, Visibility};

use crate::source::{Source, Violations, rust_in};

/// One public item of a private half, or a module of it.
struct Definition {
    name: String,
    /// `["node", "serve"]` for what stands in `src/node/serve.rs`.
    module: Vec<String>,
    file: String,
    line: usize,
    has_example: bool,
    /// What a module shows.
    items: Option<Vec<Item>>,
}

/// A name that a `pub use` makes public.
struct Export {
    path: Vec<String>,
    line: usize,
    has_example: bool,
}

/// Every item that `src/lib.rs` re-exports, by itself or as part of a module, and that has no example.
pub(crate) fn without_example() -> Violations {
    let mut violations = Violations::default();
    let face = Source::read("src/lib.rs").expect("src/lib.rs can be read");
    let file = parse(&face);
    let mut definitions = Vec::new();
    for (half, folder) in [("peer_runtime", "peer-runtime/src/"), ("peer_macros", "peer-macros/src/")] {
        let public = public_modules(&format!("{folder}lib.rs"));
        for source in rust_in(folder) {
            let path = source.path.trim_start_matches(folder).trim_end_matches(".rs").trim_end_matches("/mod");
            let module: Vec<String> = path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect();
            let parsed = parse(&source);
            // A private module is no definition: an item in it may have its name.
            if module.is_empty() || public.contains(&module.join("::")) {
                definitions.push(Definition {
                    name: module.last().map_or(half, String::as_str).to_owned(),
                    module: module.split_last().map_or(&[][..], |(_, parent)| parent).to_vec(),
                    file: source.path.clone(),
                    line: 1,
                    // A half as a whole is explained by the face.
                    has_example: module.is_empty() || has_example(&parsed.attrs),
                    items: Some(parsed.items.clone()),
                });
            }
            define(&parsed.items, &source.path, &module, &mut definitions);
        }
    }
    let exports = exports(&file.items);
    assert!(!exports.is_empty(), "src/lib.rs re-exports nothing");
    let mut checked = BTreeSet::new();
    for export in exports {
        check(&export, "src/lib.rs", &definitions, &mut checked, &mut violations);
    }
    violations
}

/// The modules that the root of a half shows.
fn public_modules(root: &str) -> BTreeSet<String> {
    let file = parse(&Source::read(root).expect("the root of a half can be read"));
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(item) if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) => Some(&item.ident),
        _ => None,
    });
    modules.map(ToString::to_string).collect()
}

fn parse(source: &Source) -> syn::File {
    match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => panic!("{}:{}: {error}; mend the file first", source.path, error.span().start().line),
    }
}

/// Checks what an export leads to, and, if that is a module, all that it shows.
fn check<'a>(
    export: &Export,
    from: &str,
    definitions: &'a [Definition],
    checked: &mut BTreeSet<(&'a str, usize)>,
    violations: &mut Violations,
) {
    let name = &export.path[export.path.len() - 1];
    let ours = ["peer_runtime", "peer_macros"].contains(&export.path[0].as_str());
    if from == "src/lib.rs" && !ours {
        return;
    }
    let mut found: Vec<&Definition> = definitions.iter().filter(|one| one.name == *name).collect();
    // Of several with one name, those in the module that the path names.
    let parent = export.path.len().checked_sub(2).map(|at| &export.path[at]);
    if let Some(parent) = parent.filter(|parent| found.iter().any(|one| one.module.last() == Some(parent))) {
        found.retain(|one| one.module.last() == Some(parent));
    }
    let Some(first) = found.first() else {
        let remedy = "define it under this very name, or teach tests/tidy/docs.rs where it is";
        violations.add(
            from,
            export.line,
            format_args!("`{name}` is re-exported, but no public item has the name"),
            remedy,
        );
        return;
    };
    if !checked.insert((&first.file, first.line)) {
        return;
    }
    if !export.has_example && !found.iter().any(|one| one.has_example) {
        let remedy = "add one that a user could copy, in a ``` block";
        violations.add(&first.file, first.line, format_args!("the docs of `{name}` have no example"), remedy);
    }
    for module in found.iter().filter(|one| one.items.is_some()) {
        let items = module.items.as_deref().unwrap_or_default();
        let mut inside = Vec::new();
        define(items, &module.file, std::slice::from_ref(name), &mut inside);
        let shown = inside.into_iter().filter(|one| one.items.is_none());
        let shown = shown.map(|one| Export { path: vec![name.clone(), one.name], line: one.line, has_example: false });
        for export in shown.chain(exports(items)) {
            check(&export, &module.file, definitions, checked, violations);
        }
    }
}

/// The public items of a file and of the modules inside it.
fn define(items: &[Item], file: &str, module: &[String], found: &mut Vec<Definition>) {
    for item in items {
        let (name, attributes, visibility) = match item {
            Item::Const(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Enum(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Fn(item) => (&item.sig.ident, &item.attrs, Some(&item.vis)),
            Item::Static(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Struct(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Trait(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Type(item) => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Mod(item) if item.content.is_some() => (&item.ident, &item.attrs, Some(&item.vis)),
            Item::Macro(item) if item.ident.is_some() => (item.ident.as_ref().expect("just seen"), &item.attrs, None),
            _ => continue,
        };
        if visibility.is_some_and(|visibility| !matches!(visibility, Visibility::Public(_))) || is_hidden(attributes) {
            continue;
        }
        let mut inner = None;
        if let Item::Mod(item) = item {
            let (_, items) = item.content.as_ref().expect("just seen");
            define(items, file, &[module, &[name.to_string()]].concat(), found);
            inner = Some(items.clone());
        }
        found.push(Definition {
            name: name.to_string(),
            module: module.to_vec(),
            file: file.to_owned(),
            line: line(name.span()),
            has_example: has_example(attributes),
            items: inner,
        });
    }
}

/// What `pub use` makes public here and in the inline modules; what is hidden from the docs is left out.
fn exports(items: &[Item]) -> Vec<Export> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Use(item) if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) => {
                flatten(&item.tree, &mut Vec::new(), has_example(&item.attrs), &mut found);
            }
            Item::Mod(item) if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) => {
                let items = item.content.as_ref().map(|(_, items)| items.as_slice());
                found.extend(exports(items.unwrap_or_default()));
            }
            _ => {}
        }
    }
    found
}

fn flatten(tree: &UseTree, path: &mut Vec<String>, has_example: bool, found: &mut Vec<Export>) {
    let mut end = |name: &syn::Ident, path: &[String]| {
        let mut path = path.to_vec();
        if *name != "self" {
            path.push(name.to_string());
        }
        found.push(Export { path, line: line(name.span()), has_example });
    };
    match tree {
        UseTree::Path(step) => {
            path.push(step.ident.to_string());
            flatten(&step.tree, path, has_example, found);
            path.pop();
        }
        UseTree::Name(name) => end(&name.ident, path),
        UseTree::Rename(rename) => end(&rename.ident, path),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, has_example, found)),
        // The module that the star belongs to shows the same.
        _ => found.extend(path.last().map(|_| Export { path: path.clone(), line: 1, has_example: true })),
    }
}

fn has_example(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).any(|attribute| match &attribute.meta {
        Meta::NameValue(doc) => {
            let text = doc.value.to_token_stream().to_string();
            text.contains("```") || text.starts_with("include_str")
        }
        _ => false,
    })
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

fn line(span: Span) -> usize {
    span.start().line
}
