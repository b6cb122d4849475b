//! What tests and hooks take: nodes, what inits above them return, and what a test came to.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, PatType, Type, TypeReference};

use crate::errors::Errors;
use crate::function::Function;
use crate::{path, types};

/// One parameter that can be handed something.
pub(crate) struct Parameter<'a> {
    /// All of it, to show for a mistake.
    pub(crate) written: &'a PatType,
    pub(crate) what: What<'a>,
}

/// What a parameter is handed.
pub(crate) enum What<'a> {
    /// `nodes: Nodes`.
    Nodes,
    /// `cluster: &Cluster`, with the type behind the reference.
    Given(&'a Type),
    /// `status: TestStatus`, or a reference to it.
    Status { by_reference: bool },
}

/// Sorts the parameters of a `kind` of function, a test or a hook. `takes` tells what there may be, for the error about
/// any other.
pub(crate) fn sort<'a>(function: &'a Function, kind: &str, takes: &str, errors: &mut Errors) -> Vec<Parameter<'a>> {
    let mut parameters = Vec::new();
    for parameter in &function.signature.inputs {
        match parameter {
            FnArg::Receiver(receiver) => {
                errors.at(
                    receiver,
                    format!("nobody has a value to call this {kind} on: move it out of the `impl`, without `self`"),
                );
            }
            FnArg::Typed(written) => {
                refuse_conditions(written, errors);
                if let Some(what) = what(written, takes, errors) {
                    parameters.push(Parameter { written, what });
                }
            }
        }
    }
    if let Some(variadic) = &function.signature.variadic {
        errors.at(variadic, takes);
    }
    parameters
}

/// Whether there is a parameter cannot depend on anything.
pub(crate) fn refuse_conditions(written: &PatType, errors: &mut Errors) {
    for attribute in written.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        errors.at(attribute, "the parameters are the same everywhere: put the `cfg` on the function");
    }
}

fn what<'a>(written: &'a PatType, takes: &str, errors: &mut Errors) -> Option<What<'a>> {
    match types::bare(&written.ty) {
        Type::Reference(reference) => referred(reference, errors),
        ty if types::is_named(ty, "Nodes") => Some(What::Nodes),
        ty if types::is_named(ty, "TestStatus") => Some(What::Status { by_reference: false }),
        ty if types::is_named(ty, "Rank") => {
            errors.at(
                written,
                "only the body of a `#[peer_test(nodes = 3, everywhere)]` has a rank: write that, or remove this parameter",
            );
            None
        }
        _ => {
            errors.at(written, takes);
            None
        }
    }
}

/// What a reference is handed. It is to something that an init returned, of a type that an init can return.
fn referred<'a>(reference: &'a TypeReference, errors: &mut Errors) -> Option<What<'a>> {
    let ty = &*reference.elem;
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident != "_") {
        errors.at(lifetime, "it lives at least as long as whoever takes it: remove the lifetime");
    } else if let Some(word) = &reference.mutability {
        errors.at(word, "others see the same value: remove `mut`, and put what changes into a `Mutex`");
    } else {
        match types::bare(ty) {
            ty if types::is_named(ty, "Nodes") => {
                errors.at(reference, "the nodes are the test's own: take `Nodes`, without `&`");
            }
            ty if types::is_named(ty, "TestStatus") => return Some(What::Status { by_reference: true }),
            Type::Path(path) if path.path.is_ident("str") => {
                errors.at(ty, "no init can return a `str`: let it return a `String`, and take `&String`");
            }
            Type::Slice(_) => errors.at(ty, "no init can return a slice: let it return a `Vec`, and take that"),
            Type::TraitObject(_) | Type::ImplTrait(_) => {
                errors.at(ty, "what an init returned is found by its type: name that type");
            }
            _ => return Some(What::Given(ty)),
        }
    }
    None
}

/// The list of what is wanted of those above.
pub(crate) fn wants(parameters: &[Parameter<'_>]) -> TokenStream {
    let private = path::private();
    let types = parameters.iter().filter_map(|parameter| match parameter.what {
        What::Given(ty) => Some(ty),
        _ => None,
    });
    quote!(&[#(#private::Kind::of::<#types>()),*])
}

/// The closure that calls the function with its parts, and makes of its result what `outcome` makes of it. What it takes
/// has the span of the parameter's type, what it returns that of the result, so that the compiler shows these when they
/// are not what can be taken or returned.
pub(crate) fn closure(function: &Function, parameters: &[Parameter<'_>], outcome: &str) -> TokenStream {
    let mut callee = function.callee();
    let result = types::written_result(&function.signature.output);
    let (start, end) = result.map_or((callee.span(), callee.span()), ends);
    callee.set_span(start);
    let mut kept = TokenStream::new();
    let mut arguments = Vec::new();
    for (number, parameter) in parameters.iter().enumerate() {
        let (span, _) = ends(&parameter.written.ty);
        arguments.push(match parameter.what {
            What::Nodes => quote_spanned!(span=> _parts.nodes),
            What::Status { by_reference: true } => quote_spanned!(span=> &_parts.status),
            What::Status { by_reference: false } => quote_spanned!(span=> _parts.status),
            What::Given(ty) => {
                // It has to be there for as long as the reference to it.
                let given = format_ident!("_given_{number}");
                kept.extend(quote_spanned!(span=> let #given = _parts.given::<#ty>();));
                quote_spanned!(span=> &*#given)
            }
        });
    }
    let private = path::private();
    let outcome = proc_macro2::Ident::new(outcome, Span::call_site());
    let awaited = quote_spanned!(end=> .await);
    quote! {
        |_parts| ::std::boxed::Box::pin(async move {
            #kept
            #private::#outcome(#callee(#(#arguments),*) #awaited)
        })
    }
}

/// The places of the first and the last token, seen from the macro.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let last = spans.last().unwrap_or(first);
    (first.resolved_at(Span::call_site()), last.resolved_at(Span::call_site()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(item: TokenStream) -> Function {
        let mut errors = Errors::default();
        let function = Function::read("peer_test", item, &mut errors);
        assert!(errors.is_empty(), "{:?}", errors.messages());
        function.expect("the test's own function is valid")
    }

    #[test]
    fn each_parameter_is_handed_its_part_in_any_order() {
        let function = function(quote!(
            async fn all(a: &Cluster, nodes: peer::Nodes, b: &Vec<(u8, String)>, status: &TestStatus) {}
        ));
        let mut errors = Errors::default();
        let parameters = sort(&function, "test", "", &mut errors);
        assert!(errors.is_empty(), "{:?}", errors.messages());
        let private = path::private();
        let wanted = quote!(&[#private::Kind::of::<Cluster>(), #private::Kind::of::<Vec<(u8, String)> >()]);
        assert_eq!(wants(&parameters).to_string(), wanted.to_string());
        let closure = closure(&function, &parameters, "outcome").to_string();
        let call = quote!(all(&*_given_0, _parts.nodes, &*_given_2, &_parts.status).await);
        assert!(closure.contains(&call.to_string()), "{closure}");
    }

    #[test]
    fn a_type_that_a_macro_wrote_is_seen() {
        let wrapped = proc_macro2::Group::new(proc_macro2::Delimiter::None, quote!(&Cluster));
        let function = function(quote!(async fn one(cluster: #wrapped) {}));
        let mut errors = Errors::default();
        assert_eq!(sort(&function, "test", "", &mut errors).len(), 1);
        assert!(errors.is_empty(), "{:?}", errors.messages());
    }

    #[test]
    fn what_nobody_can_give_is_refused() {
        let function = function(quote!(
            async fn none(
                &self,
                a: u8,
                b: &mut u8,
                c: &'static u8,
                d: &Nodes,
                e: &str,
                f: &[u8],
                g: &dyn Any,
                h: &impl Any,
                #[cfg(unix)] i: &u8,
            ) {
            }
        ));
        let mut errors = Errors::default();
        assert_eq!(sort(&function, "test", "TAKES", &mut errors).len(), 1);
        assert_eq!(errors.messages().len(), 10, "{:?}", errors.messages());
        assert_eq!(errors.messages()[1], "TAKES");
    }
}
