//! The arguments of attributes: `key = value` or `flag`, separated by commas.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::errors::Errors;

/// One argument. Its name is known and unique.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
    /// How it is written, for messages.
    pub(crate) example: &'static str,
}

pub(crate) struct Arguments(pub(crate) Vec<Argument>);

impl Arguments {
    /// Splits and checks what stands in the parentheses of `attribute`. `known` has an example of each argument: without `=` it is
    /// a flag, and what stands in brackets is optional, as in `shuffle[ = 42]`.
    pub(crate) fn read(attribute: &str, input: TokenStream, known: &[&'static str], errors: &mut Errors) -> Self {
        let mut found = Self(Vec::new());
        for piece in split(input, errors) {
            let mut tokens = piece.clone().into_iter();
            let name = match tokens.next() {
                Some(TokenTree::Ident(name)) => name,
                _ => {
                    errors.at(piece, format!("an argument begins with its name, as in `{}`", known[0]));
                    continue;
                }
            };
            let Some(example) = known.iter().copied().find(|example| name == name_in(example)) else {
                errors.at(&name, unknown(attribute, &name, known));
                continue;
            };
            let has_equals = matches!(tokens.next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
            let value: TokenStream = tokens.collect();
            let may_lack = !example.contains(" =") || example.contains('[');
            let has_value = has_equals && !value.is_empty();
            let is_flag = piece.clone().into_iter().nth(1).is_none();
            if !(has_value && example.contains('=') || is_flag && may_lack) {
                errors.at(piece, format!("write `{}`", example.replace(['[', ']'], "")));
            } else if found.get(&name.to_string()).is_some() {
                errors.at(&name, format!("duplicate argument `{name}`: remove one"));
            } else {
                found.0.push(Argument { name, value, example });
            }
        }
        found
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Argument> {
        self.0.iter().find(|argument| argument.name == name)
    }
}

fn name_in(example: &str) -> &str {
    example.split([' ', '[']).next().unwrap_or(example)
}

/// The pieces between the commas. The last comma may have nothing behind it.
fn split(input: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut pieces = vec![TokenStream::new()];
    for token in input {
        match (&token, pieces.last_mut()) {
            (TokenTree::Punct(comma), Some(piece)) if comma.as_char() == ',' => {
                if piece.is_empty() {
                    errors.at(&token, "no argument before this comma: remove it");
                } else {
                    pieces.push(TokenStream::new());
                }
            }
            (_, piece) => piece.into_iter().for_each(|piece| piece.extend([token.clone()])),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn unknown(attribute: &str, name: &Ident, known: &[&str]) -> String {
    let other = match name.to_string().as_str() {
        "ignore" => "#[ignore = \"why\"]",
        "should_panic" => "#[should_panic]",
        "cfg" => "#[cfg(..)]",
        _ => {
            let known: Vec<String> = known.iter().map(|example| format!("`{}`", name_in(example))).collect();
            return format!("unknown argument `{name}`: `{attribute}` takes {}", known.join(", "));
        }
    };
    format!("`{name}` is an attribute of its own: write `{other}` below this one")
}

impl ToTokens for Argument {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { name, value, .. } = self;
        tokens.extend(if value.is_empty() { quote!(#name) } else { quote!(#name = #value) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, found: &[&str], messages: &[&str]) {
        let mut errors = Errors::default();
        let known = ["nodes = 4", "shuffle[ = 42]", "exclusive"];
        let input = input.parse().expect("the test's own input is valid");
        let arguments = Arguments::read("#[test]", input, &known, &mut errors);
        let arguments: Vec<String> =
            arguments.0.iter().map(|argument| argument.to_token_stream().to_string()).collect();
        assert_eq!(arguments, found);
        assert_eq!(errors.messages(), messages);
    }

    #[test]
    fn arguments_are_split_at_commas() {
        check("", &[], &[]);
        check("nodes = 3, shuffle, exclusive,", &["nodes = 3", "shuffle", "exclusive"], &[]);
        check("shuffle = 1", &["shuffle = 1"], &[]);
    }

    #[test]
    fn every_mistake_is_reported() {
        check(
            "nods = 1, nodes, nodes(2), nodes = 2, nodes = 3, , 7, exclusive = true, shuffle =",
            &["nodes = 2"],
            &[
                "no argument before this comma: remove it",
                "unknown argument `nods`: `#[test]` takes `nodes`, `shuffle`, `exclusive`",
                "write `nodes = 4`",
                "write `nodes = 4`",
                "duplicate argument `nodes`: remove one",
                "an argument begins with its name, as in `nodes = 4`",
                "write `exclusive`",
                "write `shuffle = 42`",
            ],
        );
    }
}
