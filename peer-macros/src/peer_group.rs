//! `#[peer_group]` and the arguments of `peer::main!`: one entry for a group, one for the target.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Token, Visibility};

use crate::args::Arguments;
use crate::errors::Errors;
use crate::{path, values};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let known = [&["parallel", "sequence", "shuffle[ = 42]", "timetrap = \"30s\"", "weight = 3"], &values::REPEATS[..]];
    let arguments = Arguments::read("#[peer_group]", arguments, &known.concat(), &mut errors);
    let fields = values::fields(&arguments, &mut errors);
    if let (Some(sequence), Some(_)) = (arguments.get("sequence"), arguments.get("parallel")) {
        errors.at(sequence, "tests run one after the other or side by side: remove `sequence` or `parallel`");
    }
    let module = module.parse2(item.clone()).map_err(|error| errors.add(error)).ok();
    let (Some((attributes, name)), true) = (module, errors.is_empty()) else { return quote!(#item #errors) };
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let (private, in_tests, place) = (path::private(), path::in_tests(), path::place_of(name.span()));
    let name = name.unraw().to_string();
    let entry = path::entry(
        "GROUPS",
        "Group",
        &quote! {
            module: ::core::concat!(::core::module_path!(), "::", #name),
            place: #place,
            #fields
            ..#private::Group::DEFAULT
        },
    );
    quote! {
        #item

        #in_tests
        #(#conditions)*
        const _: () = { #entry };
    }
}

/// The attributes and the name of a module. Its content may be anything that the compiler understands.
fn module(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, Ident)> {
    let attributes = input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    if !input.peek(Token![mod]) {
        return Err(input.error("`#[peer_group]` goes on a module: move it to a `mod`"));
    }
    input.parse::<Token![mod]>()?;
    let name = input.parse()?;
    if input.peek(Token![;]) {
        return Err(input.error("a group has its tests in braces: write `mod name { .. }`"));
    }
    input.parse::<TokenStream>()?;
    Ok((attributes, name))
}

/// `peer::main!(timetrap = "30s", weight = 3)`.
pub(crate) fn expand_suite(arguments: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let known = ["timetrap = \"30s\"", "weight = 3"];
    let arguments = Arguments::read("peer::main!", arguments, &known, &mut errors);
    let fields = values::fields(&arguments, &mut errors);
    if fields.is_empty() {
        return quote!(#errors);
    }
    let (private, in_tests) = (path::private(), path::in_tests());
    let entry = path::entry("SUITES", "Suite", &quote!(#fields ..#private::Suite::DEFAULT));
    quote! {
        #in_tests
        const _: () = { #entry };
        #errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_stands_beside_a_module_with_any_content() {
        let item = quote! {
            #[cfg(unix)]
            pub mod r#type {
                super fn future(syntax) <- 1;
            }
        };
        let text =
            expand(quote!(sequence, shuffle = 7, repeat_until_any_fail = 3, weight = 3), item.clone()).to_string();
        assert!(text.starts_with(&item.to_string()) && text.contains("\"type\""), "{text}");
        assert_eq!(text.matches("cfg (unix)").count(), 2, "{text}");
        let private = path::private();
        let fields = quote! {
            sequence: true,
            shuffle: true,
            seed: ::core::option::Option::Some(7u64),
            repeat: #private::Repeat { rounds: 3u32, until: ::core::option::Option::Some(#private::Until::AnyFail) },
            weight: ::core::option::Option::Some(3u32),
        };
        assert!(text.contains(&fields.to_string()), "{text}");
    }

    #[test]
    fn bad_input_stays_with_every_error() {
        let item = quote!(
            mod a;
        );
        let text = expand(quote!(sequence, parallel, repeat = many, repeat_until_all_ok = 3), item.clone()).to_string();
        assert!(text.starts_with(&item.to_string()), "{text}");
        assert_eq!(text.matches("compile_error").count(), 4, "{text}");
    }

    #[test]
    fn a_target_without_arguments_has_no_entry() {
        assert!(expand_suite(TokenStream::new()).is_empty());
        let text = expand_suite(quote!(timetrap = "30s", weight = 0)).to_string();
        assert!(text.contains("from_millis (30000u64)"), "{text}");
        assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    }
}
