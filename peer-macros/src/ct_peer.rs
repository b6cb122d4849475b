//! `ct_peer!` and `ct_peer_name!`: a peer, or a name, after the function that they are written in.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token};

use crate::args;
use crate::errors::Errors;
use crate::path;

/// The options that can stand in braces, each named as the method of `StartOptions` that it calls.
const OPTIONS: [&str; 18] = [
    "name",
    "longnames",
    "host",
    "peer_down",
    "exec",
    "program",
    "ready",
    "connection",
    "args",
    "env",
    "current_dir",
    "own_dir",
    "wait_boot",
    "shutdown",
    "detached",
    "post_process_args",
    "input",
    "frame_limit",
];

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let private = path::private();
    let options = match only_group(&input) {
        Some((Delimiter::Brace, pairs)) => {
            let pairs = pairs_of(pairs, &mut errors);
            quote!(#private::StartOptions::new() #pairs)
        }
        Some((Delimiter::Bracket, list)) if list.is_empty() => {
            quote!(#private::StartOptions::new())
        }
        _ if is_named(&input) => {
            errors.at(input, "options stand in braces: `ct_peer!({ name: .., args: [..] })`");
            quote!(#private::StartOptions::new())
        }
        _ => match only_expression("ct_peer!", input, &mut errors) {
            Some(expression) => expression.into_token_stream(),
            None => quote!(#private::StartOptions::new()),
        },
    };
    let here = here();
    with_errors(&errors, quote!(#private::ct_peer(#here, #options)))
}

pub(crate) fn expand_name(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let private = path::private();
    let name = match only_expression("ct_peer_name!", input, &mut errors) {
        Some(case) => quote!(#private::ct_peer_name_of(::core::module_path!(), #case)),
        None => {
            let here = here();
            quote!(#private::ct_peer_name(#here))
        }
    };
    with_errors(&errors, name)
}

/// The full name of a function inside the one that the macro is written in: module and function in one text.
fn here() -> TokenStream {
    quote!({
        fn here() {}
        ::core::any::type_name_of_val(&here)
    })
}

/// The expression alone, or a block with the errors that still has its type, so that nothing else is reported.
fn with_errors(errors: &Errors, expression: TokenStream) -> TokenStream {
    if errors.is_empty() { expression } else { quote!({ #errors #expression }) }
}

/// Whether the input starts as an option does: a name, and then `:` or `=`.
fn is_named(input: &TokenStream) -> bool {
    let mut tokens = input.clone().into_iter();
    let (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(sign))) = (tokens.next(), tokens.next()) else {
        return false;
    };
    let path = matches!(tokens.next(), Some(TokenTree::Punct(next)) if matches!(next.as_char(), ':' | '='));
    matches!(sign.as_char(), ':' | '=') && !path
}

/// The one group that the input consists of, a comma after it aside.
fn only_group(input: &TokenStream) -> Option<(Delimiter, TokenStream)> {
    let mut tokens = input.clone().into_iter();
    let Some(TokenTree::Group(group)) = tokens.next() else {
        return None;
    };
    let rest_is_comma = match tokens.next() {
        None => true,
        Some(TokenTree::Punct(comma)) => comma.as_char() == ',' && tokens.next().is_none(),
        Some(_) => false,
    };
    rest_is_comma.then(|| (group.delimiter(), group.stream()))
}

/// The one expression that the input consists of, if it is not empty.
fn only_expression(macro_name: &str, input: TokenStream, errors: &mut Errors) -> Option<Expr> {
    let parser = |input: ParseStream<'_>| -> syn::Result<Option<(Expr, TokenStream)>> {
        if input.is_empty() {
            return Ok(None);
        }
        let expression = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Some((expression, input.parse()?)))
    };
    match parser.parse2(input) {
        Ok(Some((expression, rest))) => {
            if !rest.is_empty() {
                errors.at(rest, format!("{macro_name} takes one argument: remove the others"));
            }
            Some(expression)
        }
        Ok(None) => None,
        Err(error) => {
            errors.add(error);
            None
        }
    }
}

/// The calls `.key(value)` for the pairs in braces, in their order.
fn pairs_of(input: TokenStream, errors: &mut Errors) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let mut calls = TokenStream::new();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            match pair(input, &mut seen, errors) {
                Ok(Some((key, value))) => calls.extend(quote_spanned!(key.span()=> .#key(#value))),
                Ok(None) => {}
                Err(error) => {
                    errors.add(error);
                    skip_to_comma(input)?;
                }
            }
            if input.is_empty() {
                break;
            }
            if let Err(error) = input.parse::<Token![,]>() {
                errors.add(syn::Error::new(error.span(), "a comma stands between two options: write one here"));
            }
        }
        Ok(calls)
    };
    // What is wrong was noted on the way, and skipping cannot fail.
    parser.parse2(input).unwrap_or_default()
}

/// One `key: value`; `None` when it was noted as a mistake that ends before the next comma.
fn pair(input: ParseStream<'_>, seen: &mut Vec<Ident>, errors: &mut Errors) -> syn::Result<Option<(Ident, Expr)>> {
    let not_a_pair = "options are written `key: value`, such as `{ name: \"other\" }`; \
                      an expression stands without the braces";
    if !input.peek(syn::Ident::peek_any) {
        return Err(input.error(not_a_pair));
    }
    let key = Ident::parse_any(input)?;
    if input.is_empty() || input.peek(Token![,]) {
        errors.at(&key, format!("`{key}` has no value: write `{key}: value`"));
        return Ok(None);
    }
    if !input.peek(Token![:]) || input.peek(Token![::]) {
        if OPTIONS.iter().any(|known| key == known) {
            return Err(input.error(format!("a colon stands between option and value: write `{key}: value`")));
        }
        return Err(syn::Error::new(key.span(), not_a_pair));
    }
    input.parse::<Token![:]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        errors.at(&key, format!("`{key}` has no value: write `{key}: value`"));
        return Ok(None);
    }
    let value = input.parse()?;
    if !OPTIONS.iter().any(|known| key == known) {
        errors.at(&key, args::unknown("option", &key, &OPTIONS));
        return Ok(None);
    }
    if seen.contains(&key) {
        errors.at(&key, args::duplicate("option", &key));
        return Ok(None);
    }
    seen.push(key.clone());
    Ok(Some((key, value)))
}

/// Goes on after a mistake where the next option probably begins.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(input: TokenStream) -> String {
        let mut errors = Errors::default();
        let calls = pairs_of(input, &mut errors);
        assert!(errors.is_empty(), "{:?}", errors.messages());
        calls.to_string()
    }

    fn mistakes(input: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        pairs_of(input, &mut errors);
        errors.messages()
    }

    #[test]
    fn pairs_become_calls_in_their_order() {
        let text = options(quote!(name: "x", args: f::<u8, u8>(), connection: Connection::Tcp(0),));
        assert_eq!(text, quote!(.name("x").args(f::<u8, u8>()).connection(Connection::Tcp(0))).to_string());
    }

    #[test]
    fn every_mistake_is_told() {
        let told = mistakes(quote!(nmae: 1, name: 2, name: 3, host, exec "x", let y = 4; y, args: ));
        assert_eq!(told.len(), 6, "{told:#?}");
        assert!(told[0].contains("did you mean `name`?"), "{told:#?}");
        assert!(told[1].contains("given twice"), "{told:#?}");
    }

    #[test]
    fn an_error_leaves_an_expression() {
        let text = expand(quote!({ nmae: 1, host: "h" })).to_string();
        assert!(text.contains("compile_error") && text.contains(". host (\"h\")"), "{text}");
        syn::parse_str::<Expr>(&text).expect("an expression");
    }
}
