//! Which module of `peer-runtime` may name which: the table, and the paths that the sources contain.

use std::collections::BTreeMap;

use crate::modules::{Written, module_of, paths};
use crate::source::{Source, Violations, rust_in};

/// The folder that the table is about.
const FOLDER: &str = "peer-runtime/src/";

/// Leaves import nothing but one another, without a cycle. Everything may import them.
const LEAVES: &[&str] = &[
    "aside",
    "barrier",
    "bounded_log",
    "codec",
    "error",
    "failure",
    "leak",
    "mailbox",
    "name",
    "options",
    "owner",
    "panic",
    "private_dir",
    "io_thread",
    "random",
    "sanitize",
    "state",
    "timeouts",
    "truncate",
];

/// What each other module may import besides the leaves. What is not listed is forbidden; above all, `node` and
/// `origin` do not know each other: their whole contract is `wire`.
const TABLE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("sys", &["wire"]),
    ("tree", &["wire"]),
    ("resources", &[]),
    ("process", &["wire", "sys", "tree"]),
    ("keeper", &["wire", "sys", "tree"]),
    ("link", &["wire", "sys"]),
    ("launch", &["wire", "sys", "process"]),
    ("registry", &["wire"]),
    ("node", &["wire", "sys", "link", "registry"]),
    ("origin", &["wire", "sys", "process", "link", "launch", "registry"]),
    ("scope", &["wire", "sys", "resources", "process", "link", "launch", "registry", "node", "origin"]),
    ("slots", &["wire"]),
    ("harness", &["wire", "sys", "process", "link", "launch", "registry", "node", "origin", "scope", "slots"]),
    ("hook", &["wire", "sys", "keeper", "process", "link", "launch", "registry", "node", "origin", "scope", "harness"]),
    ("fuzz", &["wire", "link", "origin", "scope"]),
];

/// Re-exports only, from anywhere.
const FACES: &[&str] = &["private"];

/// One module names another.
struct Import {
    from: String,
    to: String,
    file: String,
    line: usize,
}

/// Holds every path of `peer-runtime` against the table.
pub(crate) fn violations() -> Violations {
    let mut violations = Violations::default();
    let files = rust_in(FOLDER);
    let modules: Vec<String> =
        files.iter().filter_map(|file| module_of(FOLDER, &file.path).into_iter().next()).collect();
    let mut kept = Vec::new();
    for file in &files {
        let module = module_of(FOLDER, &file.path);
        let Some(room) = module.first().filter(|room| !FACES.contains(&room.as_str())) else { continue };
        let Some(allowed) = allowed(room) else {
            violations.add(
                &file.path,
                1,
                format_args!("module `{room}` has no row in the import table"),
                "give it one in tests/tidy/imports.rs",
            );
            continue;
        };
        for import in imports(file) {
            let told = (&import.from, &import.to);
            if !modules.contains(&import.to) || FACES.contains(&import.to.as_str()) {
                let remedy = "name the module where it lives, so that the import table can see it";
                violations.add(
                    &import.file,
                    import.line,
                    format_args!("`{}` names `crate::{}`", told.0, told.1),
                    remedy,
                );
            } else if !allowed.contains(&import.to.as_str()) {
                let remedy = format!("it may import only itself, {}", allowed.join(", "));
                violations.add(&import.file, import.line, format_args!("`{}` imports `{}`", told.0, told.1), remedy);
            } else {
                kept.push(import);
            }
        }
    }
    add_cycles(&kept, &mut violations);
    violations
}

fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let row = if LEAVES.contains(&module) { &[] } else { TABLE.iter().find(|(name, _)| *name == module)?.1 };
    Some(LEAVES.iter().chain(row).copied().collect())
}

/// Every module below the crate that the file names: in `use`, expressions, types and the arguments of macros.
fn imports(file: &Source) -> Vec<Import> {
    let module = module_of(FOLDER, &file.path);
    let from = &module[0];
    let absolute = |path: Written| {
        let mut to = path.module;
        let mut is_inside = false;
        for segment in path.segments {
            match segment.as_str() {
                "crate" => to.clear(),
                "super" => drop(to.pop()),
                "self" => {}
                _ if is_inside => to.push(segment),
                _ => return None,
            }
            is_inside = true;
        }
        Some(Import { from: from.clone(), to: to.first()?.clone(), file: file.path.clone(), line: path.line })
    };
    paths(file, module.clone()).into_iter().filter_map(absolute).filter(|import| import.to != import.from).collect()
}

/// Adds each import that closes a circle, once per pair of modules.
fn add_cycles(imports: &[Import], violations: &mut Violations) {
    let mut edges = Edges::new();
    for import in imports {
        edges.entry((&import.from, &import.to)).or_insert(import);
    }
    for (&(from, to), import) in &edges {
        let mut way = vec![to];
        if find_way(&edges, &mut way, &mut Vec::new(), from) {
            let circle = format!("{from} -> {}", way.join(" -> "));
            violations.add(
                &import.file,
                import.line,
                format_args!("imports run in a circle: {circle}"),
                "move what both need into one of them, or into a leaf",
            );
        }
    }
}

type Edges<'a, 'i> = BTreeMap<(&'a str, &'a str), &'i Import>;

/// Extends the way from its last module to the goal, if there is one.
fn find_way<'a>(edges: &Edges<'a, '_>, way: &mut Vec<&'a str>, seen: &mut Vec<&'a str>, goal: &str) -> bool {
    let last = way[way.len() - 1];
    if last == goal {
        return true;
    }
    seen.push(last);
    for &(from, to) in edges.keys() {
        if from == last && !seen.contains(&to) {
            way.push(to);
            if find_way(edges, way, seen, goal) {
                return true;
            }
            way.pop();
        }
    }
    false
}

#[test]
fn paths_are_resolved() {
    let source = r"
        use super::link::stdio;
        use crate::{wire::{self, frame}, registry as table};
        use self::serve::Serve;
        pub(crate) fn f(x: &self::Inner) -> crate::error::Error { select! { super::super::origin::go() => crate::note!() } }
        mod inner { use super::super::scope::Scope; use super::super::super::name; use super::*; }
    ";
    let file = Source { path: format!("{FOLDER}node/serve.rs"), text: source.to_owned() };
    let told: Vec<String> = imports(&file).into_iter().map(|import| format!("{}@{}", import.to, import.line)).collect();
    assert_eq!(told, ["wire@3", "wire@3", "registry@3", "error@5", "origin@5", "name@6"]);
}

#[test]
fn circles_are_found() {
    let import = |from: &str, to: &str| Import { from: from.into(), to: to.into(), file: "x.rs".into(), line: 1 };
    let mut violations = Violations::default();
    add_cycles(
        &[import("name", "state"), import("state", "error"), import("error", "name"), import("error", "panic")],
        &mut violations,
    );
    assert_eq!(violations.count(), 3);
}
