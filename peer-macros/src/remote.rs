//! `#[remote]`: the function as it is, and its entry in the table of remote functions.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::types::{self, Way};
use crate::{path, text};

/// How many arguments a call can carry: as far as serde and the standard library go with tuples.
const MOST_ARGUMENTS: usize = 12;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, "#[remote] takes no arguments: write `#[remote]`");
    }
    let function = Function::read("remote", item.clone(), &mut errors);
    if let Some(function) = &function {
        check(function, &mut errors);
    }
    match function {
        Some(function) if errors.is_empty() => {
            let entry = entry(&function);
            quote!(#item #entry)
        }
        _ => quote!(#item #errors),
    }
}

/// Everything that keeps the function from being called by name, with values that travel.
fn check(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    function.refuse_unsafe_and_extern(errors);
    function.refuse_generics(
        "a name on a node means one function: replace this parameter by a type, with one function for each",
        errors,
    );
    for (position, argument) in signature.inputs.iter().enumerate() {
        match argument {
            FnArg::Receiver(receiver) => {
                errors.at(receiver, "a method has no name on the node: write a free function that takes the value");
            }
            FnArg::Typed(typed) => {
                for attribute in typed.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
                    errors.at(
                        attribute,
                        "a remote function has the same arguments everywhere: put the `cfg` on the function",
                    );
                }
                types::refuse_what_cannot_travel(&typed.ty, Way::Argument, errors);
            }
        }
        if position == MOST_ARGUMENTS {
            let message =
                format!("a remote function takes at most {MOST_ARGUMENTS} arguments: put some of them into a struct");
            errors.at(argument, message);
        }
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a call carries a fixed number of arguments: take a `Vec`");
    }
    if let Some(result) = types::written_result(&signature.output) {
        types::refuse_what_cannot_travel(result, Way::Result, errors);
    }
}

/// The entry in the table. It is found by the function's type name, or by module and name.
fn entry(function: &Function) -> TokenStream {
    let private = path::private();
    let table_entry = path::entry_of("REMOTE_FUNCTIONS");
    let conditions = attributes_named(function, "cfg");
    let deprecated = (!attributes_named(function, "deprecated").is_empty()).then(|| quote!(#[allow(deprecated)]));
    let assertions = assertions(function);
    let place = path::place_of(function.signature.ident.span());
    let name = function.name();
    let signature = text::of_signature(&function.signature);
    let callee = function.callee();
    let tuple = tuple_of_arguments(function);
    let inferred = inferred_function(function);
    let (kind, answer) = match function.signature.asyncness {
        Some(_) => (quote!(Async), quote!(answer_async)),
        None => (quote!(Sync), quote!(answer)),
    };
    quote! {
        #(#conditions)*
        #deprecated
        const _: () = {
            #assertions

            #table_entry
            static FUNCTION: #private::RemoteFunction = #private::RemoteFunction {
                type_name: || ::core::any::type_name_of_val(&#callee),
                module: ::core::module_path!(),
                name: #name,
                signature: #signature,
                place: #place,
                handler: #private::Handler::#kind(|request| {
                    #private::#answer::<#inferred, #tuple>(#callee, request)
                }),
            };
        };
    }
}

/// Asks for serde's traits at the definition, with the span of each type.
fn assertions(function: &Function) -> TokenStream {
    let arguments = argument_types(function).into_iter().map(|ty| {
        let private = path::private_at(ty.span());
        quote_spanned!(ty.span()=> #private::assert_argument::<#ty>();)
    });
    let result = types::written_result(&function.signature.output).map(|ty| {
        let private = path::private_at(ty.span());
        quote_spanned!(ty.span()=> #private::assert_result::<#ty>();)
    });
    quote!(const _: fn() = || { #(#arguments)* #result };)
}

/// The types of the arguments as one tuple, which stands where the list of arguments does.
fn tuple_of_arguments(function: &Function) -> TokenStream {
    let arguments = argument_types(function);
    let mut tuple = Group::new(Delimiter::Parenthesis, quote!(#(#arguments,)*));
    tuple.set_span(function.signature.paren_token.span.join());
    tuple.into_token_stream()
}

/// The function's own type, left to the compiler, where its result type stands: that is what is wrong with it if
/// anything is.
fn inferred_function(function: &Function) -> TokenStream {
    let result = types::written_result(&function.signature.output);
    let span = result.map_or(function.callee().span(), Spanned::span);
    quote_spanned!(span=> _)
}

fn argument_types(function: &Function) -> Vec<&Type> {
    let typed = function.signature.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(typed) => Some(&*typed.ty),
        FnArg::Receiver(_) => None,
    });
    typed.collect()
}

fn attributes_named<'a>(function: &'a Function, name: &str) -> Vec<&'a syn::Attribute> {
    function.attributes.iter().filter(|attribute| attribute.path().is_ident(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    #[test]
    fn the_item_is_left_untouched() {
        let item = quote!(
            #[inline]
            pub fn sum(values: Vec<u64>) -> u64 {
                values.iter().sum()
            }
        );
        assert!(expanded(item.clone()).starts_with(&item.to_string()));
    }

    #[test]
    fn conditions_are_copied_to_the_entry() {
        let text = expanded(quote!(
            #[cfg(unix)]
            fn only() {}
        ));
        assert_eq!(text.matches("cfg (unix)").count(), 2, "{text}");
    }

    #[test]
    fn bad_input_comes_out_unchanged_with_every_error() {
        let item = quote!(
            unsafe fn both(&self) -> ! {
                loop {}
            }
        );
        let text = expanded(item.clone());
        assert!(text.starts_with(&item.to_string()));
        assert_eq!(text.matches("compile_error").count(), 3, "{text}");
    }
}
