//! Arguments of attributes, `key = value` or `flag` with commas between; and what names of arguments and options have in common.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::errors::Errors;

/// An argument that a macro knows: its name, and how it is written. Without `=` in that it is a flag, and has no value;
/// behind a `[` the value may be left out.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
}

/// One argument, its name known and given for the first time.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
}

/// Splits and checks what stands in the parentheses of an attribute.
pub(crate) fn parse(input: TokenStream, known: &[Known], errors: &mut Errors) -> Vec<Argument> {
    let names: Vec<&str> = known.iter().map(|known| known.name).collect();
    let mut found: Vec<Argument> = Vec::new();
    for piece in split(input, errors) {
        let mut tokens = piece.clone().into_iter();
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            errors.at(
                piece,
                format!("an argument begins with its name: {}", list(known.iter().map(|known| known.example))),
            );
            continue;
        };
        let Some(example) = known.iter().find(|known| name == known.name).map(|known| known.example) else {
            errors.at(&name, attribute(&name).unwrap_or_else(|| unknown("argument", &name, &names)));
            continue;
        };
        let equals = matches!(tokens.next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
        let value: TokenStream = tokens.collect();
        let (may_have, may_lack) = (example.contains('='), !example.contains('=') || example.contains('['));
        let (has, lacks) = (equals && !value.is_empty(), !equals && value.is_empty());
        if !may_have && !lacks {
            errors.at(piece, format!("`{name}` takes no value: write `{example}`"));
        } else if !(has || lacks && may_lack) {
            errors.at(piece, format!("`{name}` takes a value: write `{}`", example.replace(['[', ']'], "")));
        } else if found.iter().any(|argument| argument.name == name) {
            errors.at(&name, duplicate("argument", &name));
        } else {
            found.push(Argument { name, value });
        }
    }
    found
}

/// The pieces between the commas. A comma at the end is fine, one that follows nothing is not.
fn split(input: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    let mut piece = TokenStream::new();
    for token in input {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if piece.is_empty() {
                    errors.at(&token, "no argument stands before this comma: remove it");
                } else {
                    pieces.push(std::mem::take(&mut piece));
                }
            }
            _ => piece.extend(quote!(#token)),
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// The message for what is an attribute of its own, above the function.
fn attribute(name: &Ident) -> Option<String> {
    let example = match name.to_string().as_str() {
        "ignore" => "#[ignore = \"why\"]",
        "should_panic" => "#[should_panic]",
        "cfg" => "#[cfg(..)]",
        _ => return None,
    };
    Some(format!("`{name}` is an attribute of its own: write `{example}` below this one"))
}

/// The message for a name that nobody knows: the nearest known one, and all of them.
pub(crate) fn unknown(what: &str, name: &Ident, known: &[&str]) -> String {
    let all = list(known);
    match nearest(&name.to_string(), known) {
        Some(nearest) => {
            format!("unknown {what} `{name}`: did you mean `{nearest}`? Known are {all}")
        }
        None => format!("unknown {what} `{name}`: known are {all}"),
    }
}

/// The message for the second of two.
pub(crate) fn duplicate(what: &str, name: &Ident) -> String {
    format!("`{name}` is given twice: remove one {what}")
}

/// "`a`, `b` and `c`".
fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

/// The known name that was probably meant: at most a third of its letters differ, or it begins alike.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let close = known.iter().map(|known| (distance(name, known), *known)).min();
    let close = close.filter(|(distance, known)| *distance <= known.len().max(3) / 3).map(|(_, known)| known);
    close.or_else(|| {
        let alike = |known: &&&str| name.len() >= 3 && (known.starts_with(name) || name.starts_with(**known));
        known.iter().find(alike).copied()
    })
}

/// How many letters must be put in, taken out, replaced, or swapped with the next.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for row in 1..=left.len() {
        let mut next = vec![row];
        for column in 1..=right.len() {
            let differ = usize::from(left[row - 1] != right[column - 1]);
            let changed = (rows[row - 1][column] + 1).min(next[column - 1] + 1).min(rows[row - 1][column - 1] + differ);
            let swap =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            next.push(if swap { changed.min(rows[row - 2][column - 2] + 1) } else { changed });
        }
        rows.push(next);
    }
    rows[left.len()][right.len()]
}

impl ToTokens for Argument {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { name, value } = self;
        tokens.extend(if value.is_empty() { quote!(#name) } else { quote!(#name = #value) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Known; 3] = [
        Known { name: "nodes", example: "nodes = 4" },
        Known { name: "timetrap", example: "timetrap = \"30s\"" },
        Known { name: "exclusive", example: "exclusive" },
    ];

    #[track_caller]
    fn check(input: &str, found: &[&str], messages: &[&str]) {
        let mut errors = Errors::default();
        let arguments = parse(input.parse().expect("the test's own input is valid"), &KNOWN, &mut errors);
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.to_token_stream().to_string()).collect();
        assert_eq!(arguments, found);
        assert_eq!(errors.messages(), messages);
    }

    #[test]
    fn arguments_are_split_at_commas() {
        check("", &[], &[]);
        check("nodes = 3, timetrap = \"1s\",", &["nodes = 3", "timetrap = \"1s\""], &[]);
    }

    #[test]
    fn every_mistake_is_told() {
        check(
            "nods = 1, nodes, nodes = 2, nodes = 3, , 7",
            &["nodes = 2"],
            &[
                "no argument stands before this comma: remove it",
                "unknown argument `nods`: did you mean `nodes`? Known are `nodes`, `timetrap` and `exclusive`",
                "`nodes` takes a value: write `nodes = 4`",
                "`nodes` is given twice: remove one argument",
                "an argument begins with its name: `nodes = 4`, `timetrap = \"30s\"` and `exclusive`",
            ],
        );
    }

    #[test]
    fn a_flag_has_no_value() {
        check("exclusive, nodes = 2", &["exclusive", "nodes = 2"], &[]);
        check("exclusive = true", &[], &["`exclusive` takes no value: write `exclusive`"]);
        check("exclusive, exclusive", &["exclusive"], &["`exclusive` is given twice: remove one argument"]);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["connection", "nodes", "flavor", "args"];
        for (name, meant) in [
            ("conection", Some("connection")),
            ("node", Some("nodes")),
            ("flavour", Some("flavor")),
            ("agrs", Some("args")),
            ("arguments", None),
            ("conn", Some("connection")),
            ("retries", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
    }
}
