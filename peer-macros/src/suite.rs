//! The arguments of `peer::main!`: one entry for the whole target, if there are any.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::{self, Known};
use crate::errors::Errors;
use crate::{path, values};

const KNOWN: [Known; 2] =
    [Known { name: "timetrap", example: "timetrap = \"30s\"" }, Known { name: "weight", example: "weight = 3" }];

pub(crate) fn expand(arguments: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (mut timetrap, mut weight) = (None, None);
    for argument in args::parse(arguments, &KNOWN, &mut errors) {
        if argument.name == "weight" {
            weight = values::weight(&argument, 3, &mut errors);
        } else {
            timetrap = values::timetrap(&argument, &mut errors);
        }
    }
    if timetrap.is_none() && weight.is_none() {
        return quote!(#errors);
    }
    let private = path::private();
    let table_entry = path::entry_of("SUITES");
    let timetrap = values::duration_expression(timetrap);
    let weight = values::option(weight.map(|weight| quote!(#weight)));
    quote! {
        #[cfg(test)]
        const _: () = {
            #table_entry
            static SUITE: #private::Suite = #private::Suite { timetrap: #timetrap, weight: #weight };
        };
        #errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_and_a_weight_become_an_entry() {
        assert!(expand(TokenStream::new()).is_empty());
        let text = expand(quote!(timetrap = "30s")).to_string();
        assert!(text.contains("static SUITE") && text.contains("from_millis (30000u64)"), "{text}");
        assert!(expand(quote!(timetrap = "off",)).to_string().contains("Duration :: MAX"));
        let text = expand(quote!(weight = 3)).to_string();
        assert!(text.contains("timetrap : :: core :: option :: Option :: None"), "{text}");
        assert!(text.contains("weight : :: core :: option :: Option :: Some (3u32)"), "{text}");
    }

    #[test]
    fn every_mistake_is_told() {
        for (arguments, count) in [
            (quote!(timetrap = 30), 1),
            (quote!(timetrap = "0s"), 1),
            (quote!(timetrap), 1),
            (quote!(weight = 0), 1),
            (quote!(weight = 1001, timetrap = "1s"), 1),
            (quote!(timetrap = "1s", timetrap = "2s"), 1),
            (quote!(nodes = 3, timetrap = "soon"), 2),
        ] {
            let text = expand(arguments).to_string();
            assert_eq!(text.matches("compile_error").count(), count, "{text}");
        }
    }
}
