//! What tests and hooks take: nodes, what inits above them return, and what a test came to.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::path;

/// One parameter that can be handed something.
pub(crate) enum Parameter<'a> {
    /// `nodes: Nodes`.
    Nodes(&'a Type),
    /// `cluster: &Cluster`, with the type behind the reference.
    Given(&'a Type),
    /// `status: TestStatus`, and whether by reference.
    Status(&'a Type, bool),
}

/// Sorts the parameters. `takes` tells what there may be, for the error about any other.
pub(crate) fn sort<'a>(function: &'a Function, takes: &str, errors: &mut Errors) -> Vec<Parameter<'a>> {
    let mut parameters = Vec::new();
    for parameter in &function.signature.inputs {
        match parameter {
            FnArg::Receiver(receiver) => {
                errors.at(receiver, "nobody has a value to call this on: move it out of the `impl`, without `self`");
            }
            FnArg::Typed(typed) => match sorted(&typed.ty) {
                Some(parameter) => parameters.push(parameter),
                None => errors.at(typed, takes),
            },
        }
    }
    if let Some(variadic) = &function.signature.variadic {
        errors.at(variadic, takes);
    }
    parameters
}

fn sorted(ty: &Type) -> Option<Parameter<'_>> {
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => None,
        Type::Reference(reference) if is_named(&reference.elem, "TestStatus") => Some(Parameter::Status(ty, true)),
        Type::Reference(reference) => Some(Parameter::Given(&reference.elem)),
        ty if is_named(ty, "Nodes") => Some(Parameter::Nodes(ty)),
        ty if is_named(ty, "TestStatus") => Some(Parameter::Status(ty, false)),
        _ => None,
    }
}

/// Whether the last part of a type's path is this name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == name),
        Type::Group(group) => is_named(&group.elem, name),
        Type::Paren(paren) => is_named(&paren.elem, name),
        _ => false,
    }
}

/// The list of what is wanted of those above.
pub(crate) fn wants(parameters: &[Parameter<'_>]) -> TokenStream {
    let private = path::private();
    let types = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Given(ty) => Some(ty),
        _ => None,
    });
    quote!(&[#(#private::Kind::of::<#types>()),*])
}

/// The call of the function within a closure over `_parts`: what has to be kept for its arguments, and the call itself.
/// Each argument has the span of its parameter's type, so that the compiler shows that one.
pub(crate) fn call(callee: &Ident, parameters: &[Parameter<'_>]) -> (TokenStream, TokenStream) {
    let mut kept = TokenStream::new();
    let mut arguments = Vec::new();
    for (number, parameter) in parameters.iter().enumerate() {
        let given = format_ident!("_given_{number}");
        match parameter {
            Parameter::Nodes(ty) => arguments.push(quote_spanned!(first(ty)=> _parts.nodes)),
            Parameter::Status(ty, by_reference) => {
                let reference = by_reference.then(|| quote_spanned!(first(ty)=> &));
                arguments.push(quote_spanned!(first(ty)=> #reference _parts.status));
            }
            Parameter::Given(ty) => {
                kept.extend(quote_spanned!(first(ty)=> let #given = _parts.given::<#ty>();));
                arguments.push(quote_spanned!(first(ty)=> &*#given));
            }
        }
    }
    (kept, quote!(#callee(#(#arguments),*)))
}

/// The place of the first token, seen from the macro.
fn first(tokens: &impl ToTokens) -> Span {
    let first = tokens.to_token_stream().into_iter().next();
    first.map_or_else(Span::call_site, |token| token.span()).resolved_at(Span::call_site())
}
