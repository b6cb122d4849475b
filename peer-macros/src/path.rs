//! What generated code refers to. The only file that spells the path of the private module.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// The private module of the face crate.
pub(crate) fn private() -> TokenStream {
    private_at(Span::call_site())
}

/// The same, where compile errors belong to this place.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::peer::__private)
}

/// The place of a token, as a `SourceLocation`. `line!` and `column!` report the span of their own tokens.
pub(crate) fn place_of(span: Span) -> TokenStream {
    let private = private_at(span);
    let (line, column) = written_at(span);
    quote_spanned! {span=>
        #private::SourceLocation {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            written: (#line, #column),
        }
    }
}

/// Where the token itself is written: inside the macro, if a macro wrote it.
fn written_at(span: Span) -> (u32, u32) {
    if !proc_macro::is_available() {
        // In unit tests.
        return (0, 0);
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (number(span.unwrap().line()), number(span.unwrap().column()))
}

/// The condition on what only tests need. The cases of tests/ui are no tests, and need it too: trybuild passes `--cfg trybuild`.
pub(crate) fn in_tests() -> TokenStream {
    let is_case = std::env::args().any(|argument| argument == "trybuild");
    if is_case { TokenStream::new() } else { quote!(#[cfg(test)]) }
}

/// A static in one of the link-time tables: `ty { fields }` in `table`.
pub(crate) fn entry(table: &str, ty: &str, fields: &TokenStream) -> TokenStream {
    let private = private();
    let [table, ty] = [table, ty].map(|name| Ident::new(name, Span::call_site()));
    quote! {
        #[#private::linkme::distributed_slice(#private::#table)]
        #[linkme(crate = #private::linkme)]
        static ENTRY: #private::#ty = #private::#ty { #fields };
    }
}
