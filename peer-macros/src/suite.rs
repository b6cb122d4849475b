//! The arguments of `peer::main!`: one entry for the whole target, if there are any.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::{self, Known};
use crate::errors::Errors;
use crate::{path, values};

const KNOWN: [Known; 1] = [Known { name: "timetrap", example: "timetrap = \"30s\"" }];

pub(crate) fn expand(arguments: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = args::parse(arguments, &KNOWN, &mut errors);
    let timetrap = arguments.first().and_then(|argument| values::timetrap(argument, &mut errors));
    if timetrap.is_none() {
        return quote!(#errors);
    }
    let private = path::private();
    let table_entry = path::entry_of("SUITES");
    let timetrap = values::duration_expression(timetrap);
    quote! {
        #[cfg(test)]
        const _: () = {
            #table_entry
            static SUITE: #private::Suite = #private::Suite { timetrap: #timetrap };
        };
        #errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_becomes_an_entry() {
        assert!(expand(TokenStream::new()).is_empty());
        let text = expand(quote!(timetrap = "30s")).to_string();
        assert!(text.contains("static SUITE") && text.contains("from_millis (30000u64)"), "{text}");
        assert!(expand(quote!(timetrap = "off",)).to_string().contains("Duration :: MAX"));
    }

    #[test]
    fn every_mistake_is_told() {
        for (arguments, count) in [
            (quote!(timetrap = 30), 1),
            (quote!(timetrap = "0s"), 1),
            (quote!(timetrap), 1),
            (quote!(timetrap = "1s", timetrap = "2s"), 1),
            (quote!(nodes = 3, timetrap = "soon"), 2),
        ] {
            let text = expand(arguments).to_string();
            assert_eq!(text.matches("compile_error").count(), count, "{text}");
        }
    }
}
