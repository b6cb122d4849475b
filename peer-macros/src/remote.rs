//! `#[remote]`: the function as it is, and its entry in the table of remote functions.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::function::Function;
use crate::path;

/// As many as serde's and std's traits cover for tuples.
const MOST_ARGUMENTS: usize = 12;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, "`#[remote]` takes no arguments: remove these");
    }
    let entry = Function::read("#[remote]", item.clone(), &mut errors).map(|function| {
        check(&function, &mut errors);
        entry(&function)
    });
    if errors.is_empty() { quote!(#item #entry) } else { quote!(#item #errors) }
}

/// Rejects what the compiler would explain badly. Other types that cannot be sent lack serde's traits.
fn check(function: &Function, errors: &mut Errors) {
    function.check(errors);
    if let Some(parameter) = function.parameters().nth(MOST_ARGUMENTS) {
        errors.at(
            parameter,
            format!("a remote function takes at most {MOST_ARGUMENTS} arguments: put some into a struct"),
        );
    }
    for ty in function.parameters().map(|parameter| &*parameter.ty).chain(function.result()) {
        check_type(ty.to_token_stream(), errors);
    }
}

fn check_type(ty: TokenStream, errors: &mut Errors) {
    for token in ty {
        match &token {
            TokenTree::Group(group) => check_type(group.stream(), errors),
            TokenTree::Punct(sign) if sign.as_char() == '&' => {
                errors.at(token, "a call cannot send a reference to another process: write the owned type");
            }
            TokenTree::Ident(word) if word == "impl" => {
                errors.at(token, "a call sends values of one type: write that type, or `async fn` for a future");
            }
            TokenTree::Ident(word) if word == "_" => {
                errors.at(token, "what a call sends owns its data: write `'static`")
            }
            _ => {}
        }
    }
}

/// The entry in the table. It is found by the function's type name, or by module and name.
fn entry(function: &Function) -> TokenStream {
    let private = path::private();
    let conditions = function.conditions();
    let assertions = assertions(function);
    let place = path::place_of(function.signature.ident.span());
    let name = function.name();
    let signature = signature(function);
    let callee = function.callee();
    let tuple = tuple_of_arguments(function);
    let inferred = inferred_function(function);
    let (kind, answer) = match function.signature.asyncness {
        Some(_) => (quote!(Async), quote!(answer_async)),
        None => (quote!(Sync), quote!(answer)),
    };
    let entry = path::entry(
        "REMOTE_FUNCTIONS",
        "RemoteFunction",
        &quote! {
            type_name: || ::core::any::type_name_of_val(&#callee),
            module: ::core::module_path!(),
            name: #name,
            signature: #signature,
            place: #place,
            handler: #private::Handler::#kind(|request| #private::#answer::<#inferred, #tuple>(#callee, request)),
        },
    );
    quote! {
        #(#conditions)*
        #[allow(deprecated)]
        const _: () = {
            #assertions
            #entry
        };
    }
}

/// The signature as text, with about the spaces that rustfmt writes.
fn signature(function: &Function) -> String {
    let mut text = function.signature.to_token_stream().to_string();
    for sign in ["::", "<", ">", "&"] {
        text = text.replace(&format!("{sign} "), sign);
    }
    for sign in ["::", "<", ">", ",", ":", ";"] {
        text = text.replace(&format!(" {sign}"), sign);
    }
    text.replacen(" (", "(", 1).replace("->", " -> ").replace("  ", " ")
}

/// Requires serde's traits at the definition; the compiler shows each type.
fn assertions(function: &Function) -> TokenStream {
    let assertions = function.parameters().map(|parameter| &*parameter.ty).chain(function.result()).map(|ty| {
        let private = path::private_at(ty.span());
        quote_spanned!(ty.span()=> #private::assert_sendable::<#ty>();)
    });
    quote!(const _: fn() = || { #(#assertions)* };)
}

/// The types of the arguments as a tuple, at the place of the list of arguments.
fn tuple_of_arguments(function: &Function) -> TokenStream {
    let arguments = function.parameters().map(|parameter| &parameter.ty);
    let mut tuple = Group::new(Delimiter::Parenthesis, quote!(#(#arguments,)*));
    tuple.set_span(function.signature.paren_token.span.join());
    tuple.into_token_stream()
}

/// The function's own type, inferred, at the place of the result, which is what is wrong with it if anything is.
fn inferred_function(function: &Function) -> TokenStream {
    let span = function.result().map_or(function.callee().span(), Spanned::span);
    quote_spanned!(span=> _)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    #[test]
    fn the_function_stays_and_its_conditions_are_copied() {
        let item = quote!(
            #[cfg(unix)]
            pub fn sum(values: Vec<u64>) -> u64 {
                values.iter().sum()
            }
        );
        let text = expanded(item.clone());
        assert!(text.starts_with(&item.to_string()), "{text}");
        assert_eq!(text.matches("cfg (unix)").count(), 2, "{text}");
    }

    #[test]
    fn signatures_read_as_they_are_written() {
        for written in [
            "fn nothing()",
            "async fn lookup(key: String, deep: bool) -> Result<Option<String>, std::io::Error>",
            "const fn id(value: [u8; 16]) -> [u8; 16]",
        ] {
            let mut errors = Errors::default();
            let item = format!("{written} {{}}").parse().expect("tokens");
            let function = Function::read("#[remote]", item, &mut errors).expect("a function");
            assert_eq!(signature(&function), written);
        }
    }

    #[test]
    fn bad_input_stays_with_every_error() {
        let item = quote!(
            unsafe fn both(&self, word: &str) -> impl Debug {}
        );
        let text = expanded(item.clone());
        assert!(text.starts_with(&item.to_string()));
        assert_eq!(text.matches("compile_error").count(), 4, "{text}");
    }
}
