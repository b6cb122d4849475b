//! `#[peer_test]`: one function, both harnesses.
//!
//! A `#[test]` of the same name is what the stock harness sees; it runs the test by name. With `harness = false` cargo
//! passes `--cfg test` without `--test`, so that function vanishes, and the entry in the table of tests, which
//! `peer::main!()` reads, stays.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::function::Function;
use crate::parameters::{self, Parameter};
use crate::test_config::Config;
use crate::{path, types};

/// What is said of any other parameter.
const TAKES: &str = "a test takes `nodes: Nodes`, and what inits above it return, each as `&T`: remove this parameter";

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
    check_parameters(function, config, errors);
    let result = types::written_result(&signature.output).filter(|ty| !is_unit(ty));
    if let Some(result) = result.filter(|_| sorted.may_panic) {
        errors.at(result, "functions using #[should_panic] must return (): remove the result, or #[should_panic]");
    }
}

fn check_parameters(function: &Function, config: &Config, errors: &mut Errors) {
    let found_before = !errors.is_empty();
    let parameters = parameters::sort(function, TAKES, errors);
    let is_nodes = |parameter: &&Parameter<'_>| matches!(parameter, Parameter::Nodes(_));
    for (parameter, written) in parameters.iter().zip(&function.signature.inputs) {
        if matches!(parameter, Parameter::Status(..)) {
            errors.at(written, TAKES);
        }
    }
    let nodes: Vec<_> = parameters.iter().filter(is_nodes).collect();
    match (&nodes[..], &config.nodes_argument) {
        // A misspelt `nodes` was told already.
        ([Parameter::Nodes(ty), ..], None) if !found_before => {
            errors.at(
                ty,
                "this test is given no nodes: say how many, `#[peer_test(nodes = 4)]`, or remove the parameter",
            );
        }
        // Nor is a bad number of nodes told twice.
        ([], Some(argument)) if config.nodes > 0 => {
            errors.at(argument, "nobody takes these nodes: add the parameter `nodes: Nodes`, or remove this argument");
        }
        _ => {}
    }
    if let [_, Parameter::Nodes(second), ..] = nodes[..] {
        errors.at(second, "a test has its nodes once: remove this parameter");
    }
}

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The `#[test]` for the stock harness, and the function with its entry in the table.
fn test(function: &Function, sorted: &Attributes, config: &Config) -> TokenStream {
    let private = path::private();
    let table_entry = path::entry_of("TESTS");
    let Attributes { test, cfg, body: body_attributes, ignore, should_panic, .. } = sorted;
    let Function { visibility, signature, body, .. } = function;
    let ident = &signature.ident;
    let name = function.name();
    let place = path::place_of(ident.span());
    let fields = config.fields();
    // What is wrong with them was told before.
    let parameters = parameters::sort(function, TAKES, &mut Errors::default());
    let wants = parameters::wants(&parameters);
    let call = call(function, &parameters);
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
            #signature #body

            #table_entry
            static TEST: #private::Test = #private::Test {
                module: ::core::module_path!(),
                name: #name,
                place: #place,
                ignore: #ignore,
                should_panic: #should_panic,
                #fields
                wants: #wants,
                body: #call,
            };
        };
    }
}

/// The closure that runs the function. What it takes has the span of the parameter's type, what it returns that of the
/// result, so that the compiler shows these when they are not what a test takes or returns.
fn call(function: &Function, parameters: &[Parameter<'_>]) -> TokenStream {
    let private = path::private();
    let mut callee = function.callee();
    let result = types::written_result(&function.signature.output);
    let (start, end) = result.map_or((callee.span(), callee.span()), ends);
    callee.set_span(start);
    let (kept, call) = parameters::call(&callee, parameters);
    let awaited = quote_spanned!(end=> .await);
    quote! {
        |_parts| ::std::boxed::Box::pin(async move {
            #kept
            #private::outcome(#call #awaited)
        })
    }
}

/// The places of the first and the last token, seen from the macro.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token: TokenTree| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let last = spans.last().unwrap_or(first);
    (first.resolved_at(Span::call_site()), last.resolved_at(Span::call_site()))
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
