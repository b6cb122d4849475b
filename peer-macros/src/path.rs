//! Where generated code finds what it needs. The only place that spells this path.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// The private module of the face crate.
pub(crate) fn private() -> TokenStream {
    private_at(Span::call_site())
}

/// The same, for code whose compile errors belong to one place of the user's code.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::peer::__private)
}

/// The place of a token, as a `Place` with file, line and column.
///
/// `line!` and its like tell the place of the tokens they are made of, so all of them get the span of the token.
pub(crate) fn place_of(span: Span) -> TokenStream {
    let private = private_at(span);
    let (line, column) = written_at(span);
    quote_spanned! {span=>
        #private::Place {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            written: (#line, #column),
        }
    }
}

/// Where the token itself is written, which for what a macro wrote is in the macro.
fn written_at(span: Span) -> (u32, u32) {
    if !proc_macro::is_available() {
        // In the tests of this crate.
        return (0, 0);
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (number(span.unwrap().line()), number(span.unwrap().column()))
}

/// The attributes that put a static into one of the tables which are complete before main runs.
pub(crate) fn entry_of(table: &str) -> TokenStream {
    let private = private();
    let table = proc_macro2::Ident::new(table, Span::call_site());
    quote::quote! {
        #[#private::linkme::distributed_slice(#private::#table)]
        #[linkme(crate = #private::linkme)]
    }
}
