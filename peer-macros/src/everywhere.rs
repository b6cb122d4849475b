//! `#[peer_test(everywhere)]`: a body that runs in every node, and is handed its rank.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{FnArg, GenericArgument, Path, PathArguments, Type};

use crate::args::Argument;
use crate::errors::Errors;
use crate::function::Function;
use crate::parameters::{ends, refuse_conditions};
use crate::{path, types};

/// What is said of any other parameter.
const TAKES: &str =
    "the body runs in the nodes, where there is nothing but its rank: write `rank: Rank`, and no other parameter";
/// And of any other result.
const RETURNS: &str = "what a body says in a node has to reach its origin: return `peer::Result`, or nothing";

/// Everything that keeps the function from running in nodes; `argument` says that it is to.
pub(crate) fn check(function: &Function, argument: &Argument, has_nodes: bool, errors: &mut Errors) {
    if !has_nodes {
        errors.at(argument, "everywhere is in how many nodes? Write `#[peer_test(nodes = 3, everywhere)]`");
    }
    check_parameters(function, errors);
    let result = types::written_result(&function.signature.output);
    if let Some(other) = result.filter(|ty| !types::is_unit(ty) && !is_result(ty)) {
        errors.at(other, RETURNS);
    }
}

fn check_parameters(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    let mut has_rank = false;
    for parameter in &signature.inputs {
        match parameter {
            FnArg::Typed(written) if is_rank(&written.ty) && !has_rank => {
                has_rank = true;
                refuse_conditions(written, errors);
            }
            other => errors.at(other, TAKES),
        }
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, TAKES);
    }
    if signature.inputs.is_empty() {
        let name = &signature.ident;
        errors.at(name, format!("each node is told which one it is: write `async fn {name}(rank: Rank)`"));
    }
}

/// Whether it is written `Rank` or `peer::Rank`.
fn is_rank(ty: &Type) -> bool {
    matches!(types::bare(ty), Type::Path(path) if path.qself.is_none()
        && (path.path.is_ident("Rank") || is_ours(&path.path, "Rank")) && last_arguments(&path.path).is_empty())
}

/// Whether it is written `peer::Result` or `peer::Result<()>`.
fn is_result(ty: &Type) -> bool {
    let Type::Path(path) = types::bare(ty) else { return false };
    if path.qself.is_some() || !is_ours(&path.path, "Result") {
        return false;
    }
    match last_arguments(&path.path) {
        PathArguments::None => true,
        PathArguments::AngleBracketed(list) => {
            let mut arguments = list.args.iter();
            matches!((arguments.next(), arguments.next()), (Some(GenericArgument::Type(ty)), None) if types::is_unit(ty))
        }
        PathArguments::Parenthesized(_) => false,
    }
}

/// Whether the path is `peer::` and this name.
fn is_ours(path: &Path, name: &str) -> bool {
    let mut names = path.segments.iter().map(|segment| &segment.ident);
    path.segments.len() == 2
        && names.next().is_some_and(|first| first == "peer")
        && names.next().is_some_and(|last| last == name)
}

fn last_arguments(path: &Path) -> &PathArguments {
    path.segments.last().map_or(&PathArguments::None, |last| &last.arguments)
}

/// The expression that runs the function in a node. Its parts have the places of the parameter's type and of the result, so
/// that the compiler shows these when they are others than they look like.
pub(crate) fn body(function: &Function) -> TokenStream {
    let private = path::private();
    let mut callee = function.callee();
    let result = types::written_result(&function.signature.output);
    let (start, end) = result.map_or((callee.span(), callee.span()), ends);
    callee.set_span(start);
    let taken = function.signature.inputs.iter().map(|parameter| match parameter {
        FnArg::Typed(written) => {
            let (span, _) = ends(&written.ty);
            quote_spanned!(span=> _rank)
        }
        FnArg::Receiver(_) => TokenStream::new(),
    });
    let awaited = quote_spanned!(end=> .await);
    quote! {
        #private::Body::Everywhere(|_rank| ::std::boxed::Box::pin(async move {
            #private::rank_outcome(#callee(#(#taken),*) #awaited)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let function = Function::read("peer_test", item, &mut errors).expect("the test's own function is valid");
        let argument = Argument { name: quote::format_ident!("everywhere"), value: TokenStream::new() };
        check(&function, &argument, true, &mut errors);
        errors.messages()
    }

    #[test]
    fn a_rank_and_a_result_are_written_in_few_ways() {
        for good in [
            quote!(
                async fn f(rank: Rank) {}
            ),
            quote!(
                async fn f(rank: peer::Rank) -> () {}
            ),
            quote!(
                async fn f(mut rank: ::peer::Rank) -> peer::Result {}
            ),
            quote!(
                async fn f(_: Rank) -> ::peer::Result<()> {}
            ),
        ] {
            assert_eq!(mistakes(good.clone()), [""; 0], "{good}");
        }
    }

    #[test]
    fn all_else_is_told() {
        for (bad, messages) in [
            (
                quote!(
                    async fn f(rank: mpi::Rank) {}
                ),
                &[TAKES][..],
            ),
            (
                quote!(
                    async fn f(rank: &Rank, nodes: Nodes) {}
                ),
                &[TAKES, TAKES],
            ),
            (
                quote!(
                    async fn f(rank: Rank, other: Rank) -> peer::Result<u8> {}
                ),
                &[TAKES, RETURNS],
            ),
            (
                quote!(
                    async fn f(rank: Rank) -> Result<(), String> {}
                ),
                &[RETURNS],
            ),
            (
                quote!(
                    async fn f() -> u8 {}
                ),
                &["each node is told which one it is: write `async fn f(rank: Rank)`", RETURNS],
            ),
        ] {
            assert_eq!(mistakes(bad.clone()), messages, "{bad}");
        }
    }
}
