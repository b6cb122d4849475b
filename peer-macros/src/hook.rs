//! The hooks: the function as it is, and its entry in the table of hooks.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::errors::Errors;
use crate::function::{Function, ends};
use crate::path;

/// Expands `#[attribute]`, a hook for this `Moment`.
pub(crate) fn expand(attribute: &str, moment: &str, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, format!("`#[{attribute}]` takes no arguments: remove these"));
    }
    let entry = Function::read(&format!("#[{attribute}]"), item.clone(), &mut errors).map(|function| {
        function.check(&mut errors);
        function.check_async(&mut errors);
        entry(&function, moment)
    });
    if errors.is_empty() { quote!(#item #entry) } else { quote!(#item #errors) }
}

fn entry(function: &Function, moment: &str) -> TokenStream {
    let (private, in_tests) = (path::private(), path::in_tests());
    let is_init = moment.starts_with("Init");
    let moment = Ident::new(moment, Span::call_site());
    let moment = quote!(#private::Moment::#moment);
    let (result, span) = match function.result() {
        Some(ty) => (quote!(#ty), ends(ty).0),
        None => (quote!(()), Span::call_site()),
    };
    let returned = path::private_at(span);
    let returned = quote_spanned!(span=> #returned::Returned::<#result>);
    let (outcome, output) = if is_init {
        (quote_spanned!(span=> #returned::provide), quote_spanned!(span=> #returned::OUTPUT))
    } else {
        (quote!(#private::ended), quote!(#private::Kind::of::<()>()))
    };
    let registered = function.registered(&quote!(#private::Role::Hook(#moment)), &outcome);
    let place = path::place_of(function.signature.ident.span());
    let (checks, requires, run) = (registered.checks, registered.requires, registered.run);
    let entry = path::entry(
        "HOOKS",
        "Hook",
        &quote! {
            module: ::core::module_path!(),
            moment: #moment,
            place: #place,
            requires: #requires,
            output: #output,
            run: #run,
        },
    );
    let conditions = function.conditions();
    quote! {
        #in_tests
        #(#conditions)*
        const _: () = {
            #[allow(unused_imports)]
            use #private::Infallible as _;
            #checks
            #entry
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_stays_and_its_conditions_are_copied() {
        let item = quote!(
            /// Text.
            #[cfg(unix)]
            pub async fn prepare(port: &u16) -> peer::Result<Cluster> {}
        );
        let text = expand("init_per_group", "InitPerGroup", TokenStream::new(), item.clone()).to_string();
        assert!(text.starts_with(&item.to_string()) && text.contains("Moment :: InitPerGroup"), "{text}");
        assert_eq!(text.matches("cfg (unix)").count(), 2, "{text}");
    }

    #[test]
    fn bad_input_stays_with_every_error() {
        let item = quote!(
            unsafe fn prepare<T>(self) {}
        );
        let text = expand("end_per_suite", "EndPerSuite", quote!(now), item.clone()).to_string();
        assert!(text.starts_with(&item.to_string()), "{text}");
        assert_eq!(text.matches("compile_error").count(), 5, "{text}");
    }
}
