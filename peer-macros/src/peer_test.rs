//! `#[peer_test]`: one function, both harnesses.
//!
//! A `#[test]` of the same name is what the stock harness sees; it runs the test by name. With `harness = false` cargo
//! passes `--cfg test` without `--test`, so that function vanishes, and the entry in the table of tests, which
//! `peer::main!()` reads, stays.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::function::Function;
use crate::parameters::{self, Parameter, What};
use crate::test_config::Config;
use crate::{everywhere, path, types};

/// What is said of any other parameter.
const TAKES: &str =
    "a test takes `nodes: Nodes`, and what inits above it return, each as `&T`: write it so, or remove this parameter";

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let config = Config::read(arguments, &mut errors);
    let Some(function) = Function::read("peer_test", item.clone(), &mut errors) else {
        return quote!(#item #errors);
    };
    let sorted = Attributes::sort(&function.attributes, &mut errors);
    check(&function, &sorted, &config, &mut errors);
    if errors.is_empty() { test(&function, &sorted, &config) } else { with_errors(function, &errors) }
}

/// The function as it is, without what the compiler would refuse a second time.
fn with_errors(mut function: Function, errors: &Errors) -> TokenStream {
    function.attributes.retain(|attribute| !attributes::needs_a_test(attribute));
    quote!(#function #errors)
}

/// Everything that keeps the function from being a test, alone and together with the arguments.
fn check(function: &Function, sorted: &Attributes, config: &Config, errors: &mut Errors) {
    let signature = &function.signature;
    let other_test = function.attributes.iter().find(|attribute| attributes::makes_a_test(attribute));
    if let Some(other) = other_test {
        errors.at(other, "#[peer_test] makes the test by itself: remove this attribute");
    }
    if let Some(word) = &signature.constness {
        errors.at(word, "a test runs when the program runs: remove `const`");
    } else if signature.asyncness.is_none() && other_test.is_none() {
        errors.at(signature.fn_token, "a test awaits its nodes: add `async`");
    }
    function.refuse_unsafe_and_extern(errors);
    function.refuse_generics("nobody chooses this parameter when the test runs: remove it", errors);
    match &config.everywhere {
        Some(argument) => everywhere::check(function, argument, config.nodes_argument.is_some(), errors),
        None => check_parameters(function, config, errors),
    }
    let result = types::written_result(&signature.output).filter(|ty| !types::is_unit(ty));
    if let Some(result) = result.filter(|_| sorted.may_panic) {
        errors.at(result, "functions using #[should_panic] must return (): remove the result, or #[should_panic]");
    }
}

fn check_parameters(function: &Function, config: &Config, errors: &mut Errors) {
    let is_first_mistake = errors.is_empty();
    let parameters = parameters::sort(function, "test", TAKES, errors);
    let mut nodes = None;
    for Parameter { written, what } in &parameters {
        match what {
            What::Nodes if nodes.is_some() => {
                errors.at(written, "all nodes are in one parameter `nodes: Nodes`: remove this one");
            }
            What::Nodes => nodes = Some(written),
            What::Status { .. } => errors.at(written, TAKES),
            What::Given(_) => {}
        }
    }
    match (nodes, &config.nodes_argument) {
        // A misspelt `nodes` was told already.
        (Some(written), None) if is_first_mistake => {
            errors.at(
                written,
                "this test is given no nodes: say how many, `#[peer_test(nodes = 4)]`, or remove the parameter",
            );
        }
        // Nor is a bad number of nodes told twice, or a bad parameter.
        (None, Some(argument)) if config.nodes > 0 && parameters.len() == function.signature.inputs.len() => {
            errors.at(argument, "nobody takes these nodes: add the parameter `nodes: Nodes`, or remove this argument");
        }
        _ => {}
    }
}

/// The `#[test]` for the stock harness, and the function with its entry in the table.
fn test(function: &Function, sorted: &Attributes, config: &Config) -> TokenStream {
    let private = path::private();
    let table_entry = path::entry_of("TESTS");
    let Attributes { test, cfg, body: body_attributes, ignore, should_panic, .. } = sorted;
    let Function { visibility, signature, body: block, .. } = function;
    let ident = &signature.ident;
    let name = function.name();
    let place = path::place_of(ident.span());
    let fields = config.fields();
    let (wants, body) = if config.everywhere.is_some() {
        (quote!(&[]), everywhere::body(function))
    } else {
        // What is wrong with them was told before.
        let parameters = parameters::sort(function, "test", TAKES, &mut Errors::default());
        let closure = parameters::closure(function, &parameters, "outcome");
        (parameters::wants(&parameters), quote!(#private::Body::Here(#closure)))
    };
    quote! {
        #[cfg(test)]
        #[::core::prelude::v1::test]
        #(#test)*
        #(#cfg)*
        #visibility fn #ident() {
            #private::run_test(::core::module_path!(), #name)
        }

        #[cfg(test)]
        #(#cfg)*
        // The signature is not the author's choice.
        #[allow(clippy::unused_async, clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
        const _: () = {
            #(#body_attributes)*
            #signature #block

            #table_entry
            static TEST: #private::Test = #private::Test {
                module: ::core::module_path!(),
                name: #name,
                place: #place,
                ignore: #ignore,
                should_panic: #should_panic,
                #fields
                wants: #wants,
                body: #body,
            };
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_pasted_back() {
        let body = quote!({
            let x = 1 + 1;
            assert_eq!(x, 2);
        });
        let text = expand(TokenStream::new(), quote!(async fn adds() #body)).to_string();
        assert!(text.contains(&body.to_string()), "{text}");
        assert_eq!(text.matches("cfg (test)").count(), 2, "{text}");
    }

    #[test]
    fn bad_input_comes_out_with_every_error() {
        let text = expand(
            quote!(node = 1),
            quote!(
                #[ignore]
                fn plain<T>(self, b: u8) {}
            ),
        )
        .to_string();
        assert!(text.starts_with("fn plain < T > (self , b : u8) { }"), "{text}");
        assert_eq!(text.matches("compile_error").count(), 5, "{text}");
    }
}
