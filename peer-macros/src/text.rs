//! Signatures as text, written as rustfmt would write them on one line.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{FnArg, Signature};

use crate::types;

/// The signature without visibility and attributes, such as `async fn lookup(key: String) -> Option<String>`.
pub(crate) fn of_signature(signature: &Signature) -> String {
    let arguments: Vec<String> = signature
        .inputs
        .iter()
        .map(|argument| match argument {
            FnArg::Typed(typed) => format!("{}: {}", of(&typed.pat), of(&typed.ty)),
            FnArg::Receiver(receiver) => of(receiver),
        })
        .collect();
    let qualifiers = match (&signature.constness, &signature.asyncness) {
        (Some(_), _) => "const ",
        (None, Some(_)) => "async ",
        (None, None) => "",
    };
    let result = types::written_result(&signature.output).map(|ty| format!(" -> {}", of(ty))).unwrap_or_default();
    format!("{qualifiers}fn {}({}){result}", signature.ident.unraw(), arguments.join(", "))
}

/// Types and patterns as text.
pub(crate) fn of(tokens: &impl ToTokens) -> String {
    let mut text = Text::default();
    text.push(tokens.to_token_stream());
    text.written
}

/// What the token just written wants after it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum After {
    /// Nothing: an opening bracket, `::`, `&`, `<`.
    #[default]
    Tight,
    /// A space, whatever comes: `,`, `:`, `->`.
    Space,
    /// A space before another word: `mut x`, `'a str`.
    Word,
    /// As `Word`, and before an opening parenthesis: `mut (a, b)`, where `Fn(a)` has none.
    Keyword,
}

#[derive(Default)]
struct Text {
    written: String,
    after: After,
}

impl Text {
    fn push(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) => {
                    let keyword = ["mut", "ref", "dyn", "impl", "const", "for"].iter().any(|keyword| word == keyword);
                    self.word(&word.to_string(), if keyword { After::Keyword } else { After::Word });
                }
                TokenTree::Literal(literal) => self.word(&literal.to_string(), After::Word),
                TokenTree::Group(group) => self.group(group.delimiter(), group.stream()),
                TokenTree::Punct(punct) => {
                    let mut sign = punct.as_char().to_string();
                    let mut joint =
                        punct.spacing() == Spacing::Joint && !matches!(sign.as_str(), "<" | ">" | "&" | "'");
                    while joint && let Some(TokenTree::Punct(next)) = tokens.peek() {
                        if matches!(next.as_char(), '<' | '&' | '\'') || (next.as_char() == '>' && sign != "-") {
                            break;
                        }
                        sign.push(next.as_char());
                        joint = next.spacing() == Spacing::Joint && sign.len() < 3 && sign != "::" && sign != "->";
                        tokens.next();
                    }
                    self.sign(&sign);
                }
            }
        }
    }

    fn word(&mut self, word: &str, after: After) {
        self.space_if(self.after != After::Tight);
        self.written.push_str(word);
        self.after = after;
    }

    fn sign(&mut self, sign: &str) {
        match sign {
            "," | ";" | ":" => self.put(false, sign, After::Space),
            "->" | "=" | "+" | "|" | "@" => self.put(true, sign, After::Space),
            "::" => self.put(self.after == After::Space, sign, After::Tight),
            "<" => self.put(self.after == After::Space, sign, After::Tight),
            ">" => self.put(false, sign, After::Word),
            "!" => self.put(self.after == After::Space, sign, After::Tight),
            // `&`, `*`, `'`, `..` and whatever else stands before what it belongs to.
            _ => self.put(matches!(self.after, After::Space | After::Keyword), sign, After::Tight),
        }
    }

    fn group(&mut self, delimiter: Delimiter, inside: TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace if inside.is_empty() => (" {", "}"),
            Delimiter::Brace => (" { ", " }"),
            Delimiter::None => return self.push(inside),
        };
        let spaced = matches!(self.after, After::Space | After::Keyword);
        self.put(spaced && delimiter != Delimiter::Brace, open, After::Tight);
        self.push(inside);
        self.written.push_str(close);
        self.after = After::Word;
    }

    fn put(&mut self, space: bool, text: &str, after: After) {
        self.space_if(space);
        self.written.push_str(text);
        self.after = after;
    }

    fn space_if(&mut self, space: bool) {
        if space && !self.written.is_empty() {
            self.written.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(signature: &str) {
        let parsed: Signature = syn::parse_str(signature).expect("the test's own signature is valid");
        assert_eq!(of_signature(&parsed), signature);
    }

    #[test]
    fn signatures_read_as_rustfmt_writes_them() {
        check("fn nothing()");
        check("fn sum(values: Vec<u64>) -> u64");
        check("async fn lookup(key: String, deep: bool) -> Result<Option<String>, std::io::Error>");
        check("const fn id(value: [u8; 16]) -> [u8; 16]");
        check("fn patterns((a, _): (u8, u8), mut rest: Vec<(u8,)>, Pair { left, .. }: Pair) -> ()");
        check("fn paths(a: ::std::string::String, b: <u8 as Into<u32>>::Out) -> HashMap<u8, Vec<Vec<u8>>>");
        check("fn odd(f: Box<dyn Fn(u8) -> u8 + Send + 'static>, c: Cow<'static, str>, p: &'static mut str)");
        check("fn more(a: *const u8, b: impl Iterator<Item = u8>, c: fn(u8) -> u8, d: tuple!(u8))");
    }

    #[test]
    fn raw_names_lose_their_mark() {
        let parsed: Signature = syn::parse_str("fn r#type(a: u8)").expect("a valid signature");
        assert_eq!(of_signature(&parsed), "fn type(a: u8)");
    }
}
