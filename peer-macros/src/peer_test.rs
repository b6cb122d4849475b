//! `#[peer_test]`: a `#[test]` for stock libtest, and an entry in the table of tests for `peer::main!`.
//!
//! With `harness = false` cargo passes `--cfg test` without `--test`: the `#[test]` vanishes, and the entry stays.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Type};

use crate::args::Arguments;
use crate::attributes::Attributes;
use crate::errors::Errors;
use crate::function::{Function, Registered, ends};
use crate::{path, values};

const KNOWN: [&str; 11] = [
    "nodes = 4",
    "everywhere",
    "connection = \"tcp\"",
    "timetrap = \"30s\"",
    "flavor = \"multi_thread\"",
    "worker_threads = 2",
    "leaks = \"fail\"",
    "retries = 2",
    "weight = 8",
    "exclusive",
    "own_dirs",
];

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let known = [&KNOWN[..], &values::REPEATS].concat();
    let arguments = Arguments::read("#[peer_test]", arguments, &known, &mut errors);
    let fields = values::fields(&arguments, &mut errors);
    check_arguments(&arguments, &mut errors);
    let Some(mut function) = Function::read("#[peer_test]", item.clone(), &mut errors) else {
        return quote!(#item #errors);
    };
    let sorted = Attributes::sort(&function.attributes, &mut errors);
    check(&function, &sorted, &mut errors);
    if errors.is_empty() {
        return test(&function, &sorted, &arguments, &fields);
    }
    // Without what the compiler would reject a second time.
    function.attributes.retain(|attribute| !needs_a_test(attribute));
    quote!(#function #errors)
}

/// Arguments that mean nothing without another one.
fn check_arguments(arguments: &Arguments, errors: &mut Errors) {
    let has_nodes = arguments.get("nodes").is_some();
    if let Some(everywhere) = arguments.get("everywhere").filter(|_| !has_nodes) {
        errors.at(everywhere, "`everywhere` needs nodes: write `#[peer_test(nodes = 3, everywhere)]`");
    }
    if let Some(own_dirs) = arguments.get("own_dirs").filter(|_| !has_nodes) {
        errors.at(own_dirs, "`own_dirs` needs nodes: add `nodes = 4`, or write `ct_peer!({ own_dir: true })`");
    }
    let current_thread = arguments.get("flavor").is_none_or(|flavor| flavor.value.to_string() == "\"current_thread\"");
    if let Some(threads) = arguments.get("worker_threads").filter(|_| current_thread) {
        errors.at(threads, "only a multi-threaded runtime has worker threads: add `flavor = \"multi_thread\"`");
    }
}

/// Whether it makes a test by itself, as `#[test]` and `#[tokio::test]` do.
fn makes_a_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "test" || last.ident == "peer_test")
}

fn needs_a_test(attribute: &Attribute) -> bool {
    makes_a_test(attribute) || ["ignore", "should_panic"].iter().any(|name| attribute.path().is_ident(name))
}

fn check(function: &Function, sorted: &Attributes, errors: &mut Errors) {
    function.check(errors);
    if let Some(other) = function.attributes.iter().find(|attribute| makes_a_test(attribute)) {
        errors.at(other, "`#[peer_test]` makes the test: remove this attribute");
    } else {
        function.check_async(errors);
    }
    let is_unit = |ty: &&Type| matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty());
    if let Some(result) = function.result().filter(|ty| sorted.may_panic && !is_unit(ty)) {
        errors.at(result, "a test with `#[should_panic]` returns nothing: remove the result, or `#[should_panic]`");
    }
}

fn test(function: &Function, sorted: &Attributes, arguments: &Arguments, fields: &TokenStream) -> TokenStream {
    let (private, in_tests) = (path::private(), path::in_tests());
    let nodes = arguments.get("nodes");
    let (role, body) = if arguments.get("everywhere").is_some() {
        (quote!(#private::Role::Everywhere), quote!(Everywhere))
    } else {
        let has_nodes = nodes.is_some();
        (quote!(#private::Role::Test { has_nodes: #has_nodes }), quote!(Here))
    };
    let Registered { checks, requires, run } = function.registered(&role, &quote!(#private::outcome));
    let check_nodes = nodes.filter(|_| arguments.get("everywhere").is_none()).map(|nodes| {
        let (start, end) = ends(nodes);
        let private = path::private_at(start);
        let check = quote_spanned!(start=> #private::Requirement::check_nodes);
        let list = quote_spanned!(end=> (#requires));
        quote!(const _: () = #check #list;)
    });
    let Attributes { test, cfg, body: on_body, ignore, should_panic, .. } = sorted;
    let Function { visibility, signature, body: block, .. } = function;
    let (ident, name, place) = (&signature.ident, function.name(), path::place_of(signature.ident.span()));
    let entry = path::entry(
        "TESTS",
        "Test",
        &quote! {
            module: ::core::module_path!(),
            name: #name,
            place: #place,
            ignore: #ignore,
            should_panic: #should_panic,
            requires: #requires,
            body: #private::Body::#body(#run),
            #fields
            ..#private::Test::DEFAULT
        },
    );
    quote! {
        #in_tests
        #[::core::prelude::v1::test]
        #(#test)*
        #(#cfg)*
        #visibility fn #ident() {
            #private::run_test(::core::module_path!(), #name)
        }

        #in_tests
        #(#cfg)*
        // The attribute asks for this signature.
        #[allow(clippy::unused_async, clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
        const _: () = {
            #(#on_body)*
            #signature #block
            #checks
            #check_nodes
            #entry
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_fields() {
        let arguments = quote!(
            nodes = 4,
            connection = "tcp",
            timetrap = "30s",
            flavor = "multi_thread",
            worker_threads = 2,
            leaks = "fail",
            repeat = 9,
            retries = 2,
            weight = 8,
            exclusive,
            own_dirs
        );
        let body = quote!({
            let x = 1 + 1;
        });
        let text = expand(arguments, quote!(async fn adds(nodes: Nodes) #body)).to_string();
        let private = path::private();
        let fields = quote! {
            nodes: 4u32,
            connection: #private::Connection::Tcp(0),
            timetrap: ::core::option::Option::Some(::core::time::Duration::from_millis(30000u64)),
            flavor: #private::Flavor::MultiThread,
            worker_threads: ::core::option::Option::Some(2u32 as usize),
            leaks: #private::Leaks::Fail,
            repeat: #private::Repeat { rounds: 9u32, ..#private::Repeat::ONCE },
            retries: 2u32,
            weight: ::core::option::Option::Some(8u32),
            exclusive: true,
            own_dirs: true,
        };
        assert!(text.contains(&fields.to_string()) && text.contains(&body.to_string()), "{text}");
    }

    #[test]
    fn bad_input_comes_out_with_every_error() {
        let item = quote!(
            #[ignore]
            fn plain<T>(self) {}
        );
        let text = expand(quote!(node = 1, everywhere), item).to_string();
        assert!(text.starts_with("fn plain < T > (self) { }"), "{text}");
        assert_eq!(text.matches("compile_error").count(), 5, "{text}");
    }
}
