//! The functions around tests: one entry in the table of hooks for each.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::parameters::{self, Parameter};
use crate::{path, types};

/// The hooks by their names, and the values of `Moment` that they are.
pub(crate) const OF_GROUPS: [(&str, &str); 4] = [
    ("init_per_group", "InitPerGroup"),
    ("end_per_group", "EndPerGroup"),
    ("init_per_testcase", "InitPerTestcase"),
    ("end_per_testcase", "EndPerTestcase"),
];

/// `#[init_per_suite]` and `#[end_per_suite]`.
pub(crate) fn expand(attribute: &str, moment: &str, arguments: &TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, format!("#[{attribute}] takes no arguments: remove them"));
    }
    let Some(function) = Function::read(attribute, item.clone(), &mut errors) else {
        return quote!(#item #errors);
    };
    let entry = entry(&function, moment, &mut errors);
    if errors.is_empty() { quote!(#function #entry) } else { quote!(#function #errors) }
}

/// The entry of a hook, which stands beside the function.
pub(crate) fn entry(function: &Function, moment: &str, errors: &mut Errors) -> TokenStream {
    let signature = &function.signature;
    if let Some(word) = &signature.constness {
        errors.at(word, "a hook runs when the tests run: remove `const`");
    } else if signature.asyncness.is_none() {
        errors.at(signature.fn_token, "a hook awaits what it starts: add `async`");
    }
    function.refuse_unsafe_and_extern(errors);
    function.refuse_generics("nobody chooses this parameter when the hook runs: remove it", errors);
    let takes_status = moment == "EndPerTestcase";
    let takes = if takes_status {
        "a hook takes what inits above it return, `&T`, and this one the test's `TestStatus`: remove this parameter"
    } else {
        "a hook takes what inits above it return, each as `&T`: remove this parameter"
    };
    let parameters = parameters::sort(function, takes, errors);
    for (parameter, written) in parameters.iter().zip(&signature.inputs) {
        match parameter {
            Parameter::Nodes(_) => {
                errors
                    .at(written, "a hook is given no nodes: start them with `ct_peer!`, and return them from an init");
            }
            Parameter::Status(..) if !takes_status => errors.at(written, takes),
            _ => {}
        }
    }
    let private = path::private();
    let moment_name = proc_macro2::Ident::new(moment, proc_macro2::Span::call_site());
    let gives = if moment.starts_with("Init") { given(function) } else { None };
    let outcome = match types::written_result(&signature.output) {
        _ if moment.starts_with("End") => quote!(ended),
        Some(ty) if parameters::is_named(ty, "Result") => quote!(given_or_failed),
        _ => quote!(given),
    };
    let gives = crate::values::option(gives.map(|ty| quote!(#private::Kind::of::<#ty>())));
    let cfg = function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let table_entry = path::entry_of("HOOKS");
    let place = path::place_of(signature.ident.span());
    let wants = parameters::wants(&parameters);
    let (kept, call) = parameters::call(&function.callee(), &parameters);
    quote! {
        #[cfg(test)]
        #(#cfg)*
        const _: () = {
            #table_entry
            static HOOK: #private::Hook = #private::Hook {
                module: ::core::module_path!(),
                moment: #private::Moment::#moment_name,
                place: #place,
                wants: #wants,
                gives: #gives,
                run: |_parts| ::std::boxed::Box::pin(async move {
                    #kept
                    #private::#outcome(#call.await)
                }),
            };
        };
    }
}

/// The type that an init gives; none where that is nothing.
fn given(function: &Function) -> Option<&Type> {
    let written = types::written_result(&function.signature.output)?;
    let ty = if parameters::is_named(written, "Result") { first_argument(written)? } else { written };
    (!matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())).then_some(ty)
}

fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
