//! `ct_peer!` and `ct_peer_name!`: a peer, or a name, named after the function around it.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token};

use crate::errors::Errors;
use crate::path;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let private = path::private();
    let default = quote!(#private::StartOptions::new());
    let options = match only_group(&input) {
        Some((Delimiter::Brace, pairs)) => {
            let calls = calls(pairs, &mut errors);
            quote!(#default #calls)
        }
        Some((Delimiter::Bracket, list)) if list.is_empty() => default,
        _ if begins_with_key(&input) => {
            errors.at(input, "options stand in braces: write `ct_peer!({ name: \"other\" })`");
            default
        }
        _ => only_expression("ct_peer!", input, &mut errors).unwrap_or(default),
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

/// The path of a function inside the one around the macro.
fn here() -> TokenStream {
    quote!({
        fn here() {}
        ::core::any::type_name_of_val(&here)
    })
}

/// With errors a block of the same type, so that the compiler reports nothing else.
fn with_errors(errors: &Errors, expression: TokenStream) -> TokenStream {
    if errors.is_empty() { expression } else { quote!({ #errors #expression }) }
}

/// Whether the input begins with `key:` or `key =`.
fn begins_with_key(input: &TokenStream) -> bool {
    let mut tokens = input.clone().into_iter();
    let (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(sign))) = (tokens.next(), tokens.next()) else {
        return false;
    };
    let is_path = matches!(tokens.next(), Some(TokenTree::Punct(next)) if matches!(next.as_char(), ':' | '='));
    matches!(sign.as_char(), ':' | '=') && !is_path
}

/// The group that is the whole input, with or without a comma after it.
fn only_group(input: &TokenStream) -> Option<(Delimiter, TokenStream)> {
    let tokens: Vec<TokenTree> = input.clone().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Group(group)] => Some((group.delimiter(), group.stream())),
        [TokenTree::Group(group), TokenTree::Punct(comma)] if comma.as_char() == ',' => {
            Some((group.delimiter(), group.stream()))
        }
        _ => None,
    }
}

/// The expression that is the whole input, unless that is empty.
fn only_expression(macro_name: &str, input: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    if input.is_empty() {
        return None;
    }
    let parser = |input: ParseStream<'_>| {
        let expression: Expr = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        let rest: TokenStream = input.parse()?;
        if rest.is_empty() {
            return Ok(quote!(#expression));
        }
        Err(syn::Error::new_spanned(rest, format!("`{macro_name}` takes one argument: remove the others")))
    };
    parser.parse2(input).map_err(|error| errors.add(error)).ok()
}

/// The calls `.key(value)` for `key: value, ..`. An unknown key is a method that the compiler does not find.
fn calls(input: TokenStream, errors: &mut Errors) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let (mut calls, mut seen) = (TokenStream::new(), Vec::new());
        while !input.is_empty() {
            let (key, value) = pair(input)?;
            calls.extend(quote_spanned!(key.span()=> .#key(#value)));
            if seen.contains(&key) {
                errors.at(&key, format!("duplicate option `{key}`: remove one"));
            }
            seen.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(calls)
    };
    parser.parse2(input).unwrap_or_else(|error| {
        errors.add(error);
        TokenStream::new()
    })
}

fn pair(input: ParseStream<'_>) -> syn::Result<(Ident, Expr)> {
    let key = Ident::parse_any(input)?;
    if !input.peek(Token![:]) || input.peek(Token![::]) {
        return Err(syn::Error::new(
            key.span(),
            "options are written `key: value`; an expression has no braces around it",
        ));
    }
    input.parse::<Token![:]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(key.span(), format!("`{key}` has no value: write `{key}: value`")));
    }
    Ok((key, input.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_calls_in_their_order() {
        let mut errors = Errors::default();
        let text = calls(quote!(name: "x", args: f::<u8, u8>(), connection: Connection::Tcp(0),), &mut errors);
        assert!(errors.is_empty(), "{:?}", errors.messages());
        assert_eq!(text.to_string(), quote!(.name("x").args(f::<u8, u8>()).connection(Connection::Tcp(0))).to_string());
    }

    #[test]
    fn an_error_leaves_an_expression() {
        let text = expand(quote!({ host: 1, host: "h" })).to_string();
        assert!(text.contains("compile_error") && text.contains(". host (\"h\")"), "{text}");
        syn::parse_str::<Expr>(&text).expect("an expression");
    }
}
