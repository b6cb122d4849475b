//! Rules about the packages: their versions, their change log and the licenses of what they depend on.

use std::process::Command;

use serde_json::Value;

use crate::source::{Source, Violations, root};

/// Runs cargo in the workspace and returns what it wrote to standard output, or everything if it failed.
pub(crate) fn cargo(arguments: &[&str]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    Err(format!("cargo {}: {}\n{out}{}", arguments.join(" "), output.status, String::from_utf8_lossy(&output.stderr)))
}

fn metadata(arguments: &[&str]) -> Vec<Value> {
    let all = [&["metadata", "--format-version", "1", "--locked", "--offline"], arguments].concat();
    let text = cargo(&all).unwrap_or_else(|error| panic!("{error}"));
    let mut value: Value = serde_json::from_str(&text).expect("cargo metadata prints JSON");
    match value["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("cargo metadata has no packages: {other}"),
    }
}

/// The packages that a build for this machine contains.
fn built() -> Vec<Value> {
    let about = cargo(&["-vV"]).unwrap_or_else(|error| panic!("{error}"));
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo -vV names the host");
    metadata(&["--filter-platform", host])
}

/// One version for all packages, which pin one another with `=` and are named in the change log.
pub(crate) fn versions() -> Violations {
    let mut violations = Violations::default();
    let packages = metadata(&["--no-deps"]);
    let names: Vec<&str> = packages.iter().map(|package| text(&package["name"])).collect();
    let face = packages.iter().find(|package| package["name"] == "peer").expect("the package `peer`");
    let version = text(&face["version"]);
    for package in &packages {
        let path =
            text(&package["manifest_path"]).trim_start_matches(&*root().to_string_lossy()).trim_start_matches('/');
        let manifest = Source::read(path).unwrap_or_else(|| panic!("{path}: cannot be read"));
        for (key, what) in [("version", "version"), ("rust_version", "rust-version"), ("license", "license")] {
            if package[key] != face[key] {
                let line = line_of(&manifest, what);
                let found = format!("{what} is {}, that of `peer` is {}", package[key], face[key]);
                violations.add(path, line, found, format_args!("write {what}.workspace = true"));
            }
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = text(&dependency["name"]);
            // A dev-dependency by path alone needs no version: it is not published.
            let is_dev = dependency["kind"] == "dev" && dependency["req"] == "*";
            if names.contains(&name) && !is_dev && dependency["req"] != format!("={version}") {
                let found = format!("`{name}` is required as {}", dependency["req"]);
                violations.add(path, line_of(&manifest, name), found, format_args!("pin it to \"={version}\""));
            }
        }
    }
    match Source::read("CHANGELOG.md") {
        None => violations.add("CHANGELOG.md", 1, "does not exist", "begin it"),
        Some(log) => {
            let words = |line: &str| line.split([' ', '[', ']']).any(|word| word == version);
            if !log.text.lines().any(|line| line.starts_with("## ") && words(line)) {
                violations.add(
                    "CHANGELOG.md",
                    1,
                    format_args!("no heading for {version}"),
                    "write what changed for the user",
                );
            }
        }
    }
    violations
}

/// Dependencies of users that need a newer toolchain than `rust-version` says.
pub(crate) fn rust_versions() -> Violations {
    let mut violations = Violations::default();
    let all = built();
    let face = all.iter().find(|package| package["name"] == "peer").expect("the package `peer`");
    let limit = number(text(&face["rust_version"]));
    // Names of packages of users, dev-dependencies left out, with all features.
    let listed = cargo(&["tree", "--offline", "--all-features", "-e", "normal,build", "--prefix", "none", "-f", "{p}"]);
    let listed = listed.unwrap_or_else(|error| panic!("{error}"));
    for package in &all {
        let name = format!("{} v{}", text(&package["name"]), text(&package["version"]));
        let wanted = text(&package["rust_version"]);
        if number(wanted) > limit && listed.lines().any(|line| line.starts_with(&name)) {
            let remedy = "take an older version into Cargo.lock, or do without it";
            violations.add("Cargo.lock", 1, format_args!("{name} needs Rust {wanted}"), remedy);
        }
    }
    violations
}

/// `1.88` as numbers that can be compared.
fn number(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).take(2).collect()
}

/// The license of every package that a build for this machine contains, against the list in `deny.toml`.
pub(crate) fn licenses() -> Violations {
    let mut violations = Violations::default();
    let allowed = allowed_licenses();
    for package in built() {
        let license = package["license"].as_str().unwrap_or("unknown");
        if !permits(license, &allowed) {
            let found = format!("{} {} is licensed as {license}", text(&package["name"]), text(&package["version"]));
            violations.add("deny.toml", 1, found, "do without it, or add the license to the list");
        }
    }
    violations
}

fn allowed_licenses() -> Vec<String> {
    let deny = Source::read("deny.toml").expect("deny.toml can be read");
    let list = deny.text.split("allow = [").nth(1).and_then(|rest| rest.split(']').next());
    let list = list.expect("deny.toml has a list `allow = [..]`");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether the license expression can be met with the allowed licenses alone.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let permitted = any(&mut words, allowed);
    permitted && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut permitted = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        permitted |= all(words, allowed);
    }
    permitted
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut permitted = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        permitted &= one(words, allowed);
    }
    permitted
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let permitted = any(words, allowed);
        return words.next_if_eq(&")").is_some() && permitted;
    }
    let Some(license) = words.next() else {
        return false;
    };
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().unwrap_or_default();
        return allowed.iter().any(|one| *one == format!("{license} WITH {exception}"));
    }
    allowed.iter().any(|one| one == license)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn line_of(file: &Source, word: &str) -> usize {
    file.text.lines().position(|line| line.starts_with(word)).map_or(1, |index| index + 1)
}

#[test]
fn license_expressions_are_read() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    let check = |expression: &str, expected: bool| {
        assert_eq!(permits(expression, &allowed), expected, "{expression}");
    };
    check("MIT", true);
    check("Apache-2.0/MIT", true);
    check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true);
    check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
    check("MIT AND GPL-3.0-only", false);
    check("GPL-3.0-only", false);
    check("unknown", false);
}
