//! What the other attributes of a test mean for it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Token};

use crate::errors::Errors;
use crate::path;

/// The other attributes of a test, sorted by what they belong to.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Of the function that the stock harness sees: documentation, `cfg`, `ignore`, `should_panic`.
    pub(crate) test: Vec<TokenStream>,
    /// Of everything generated: `cfg`.
    pub(crate) cfg: Vec<TokenStream>,
    /// Of the function with the body: all the rest.
    pub(crate) body: Vec<TokenStream>,
    /// The table's idea of `#[ignore]`, an expression.
    pub(crate) ignore: TokenStream,
    /// The table's idea of `#[should_panic]`, an expression.
    pub(crate) should_panic: TokenStream,
    /// Whether a `#[should_panic]` was seen, whatever its condition.
    pub(crate) may_panic: bool,
}

/// Whether this is an attribute that makes a test of its own, such as `#[test]` and `#[tokio::test]`.
pub(crate) fn makes_a_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "test" || last.ident == "peer_test")
}

/// Whether this attribute only means something on a `#[test]`.
pub(crate) fn needs_a_test(attribute: &Attribute) -> bool {
    makes_a_test(attribute) || attribute.path().is_ident("ignore") || attribute.path().is_ident("should_panic")
}

impl Attributes {
    /// Sorts the attributes, taking `cfg_attr` apart.
    pub(crate) fn sort(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let private = path::private();
        let mut sorted = Self {
            ignore: quote!(::core::option::Option::None),
            should_panic: quote!(#private::ShouldPanic::No),
            ..Self::default()
        };
        for attribute in attributes {
            sorted.add(&attribute.meta, None, attribute, errors);
        }
        sorted
    }

    /// Adds one attribute that holds under a condition, `None` being always. `whole` is what to show for a mistake.
    fn add(&mut self, meta: &Meta, condition: Option<&TokenStream>, whole: &Attribute, errors: &mut Errors) {
        if meta.path().is_ident("cfg_attr") {
            return self.add_conditional(meta, condition, whole, errors);
        }
        let written = match condition {
            Some(condition) => quote!(#[cfg_attr(#condition, #meta)]),
            None => quote!(#[#meta]),
        };
        match meta.path().get_ident().map(ToString::to_string).as_deref() {
            Some("doc") => self.test.push(written),
            Some("cfg") => self.cfg.push(written),
            Some("ignore") => {
                match ignore_reason(meta) {
                    Some(reason) => {
                        let yes = quote!(::core::option::Option::Some(#reason));
                        self.ignore = under(condition, &yes, &self.ignore);
                    }
                    None => errors.at(meta, "write `#[ignore]` or `#[ignore = \"the reason\"]`"),
                }
                self.test.push(written);
            }
            Some("should_panic") => {
                match expected_panic(meta) {
                    Some(yes) => self.should_panic = under(condition, &yes, &self.should_panic),
                    None => errors
                        .at(meta, "write `#[should_panic]` or `#[should_panic(expected = \"part of the message\")]`"),
                }
                self.may_panic = true;
                self.test.push(written);
            }
            _ => self.body.push(written),
        }
    }

    fn add_conditional(&mut self, meta: &Meta, outer: Option<&TokenStream>, whole: &Attribute, errors: &mut Errors) {
        let parts =
            meta.require_list().and_then(|list| list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated));
        match parts {
            Ok(parts) => {
                let mut parts = parts.iter();
                let Some(condition) = parts.next() else {
                    return;
                };
                let condition = match outer {
                    Some(outer) => quote!(all(#outer, #condition)),
                    None => quote!(#condition),
                };
                for part in parts {
                    self.add(part, Some(&condition), whole, errors);
                }
            }
            // Something that only the compiler can judge: leave it to the function with the body.
            Err(_) => self.body.push(quote!(#whole)),
        }
    }
}

/// `yes` under the condition, else what held before.
fn under(condition: Option<&TokenStream>, yes: &TokenStream, before: &TokenStream) -> TokenStream {
    match condition {
        Some(condition) => quote!(if ::core::cfg!(#condition) { #yes } else { #before }),
        None => yes.clone(),
    }
}

/// The reason of an `#[ignore]`, empty when it has none; `None` when it is not one.
fn ignore_reason(meta: &Meta) -> Option<String> {
    match meta {
        Meta::Path(_) => Some(String::new()),
        Meta::NameValue(pair) => text(pair).map(|text| text.value()),
        Meta::List(_) => None,
    }
}

/// The `ShouldPanic` of a `#[should_panic]`; `None` when it is not one.
fn expected_panic(meta: &Meta) -> Option<TokenStream> {
    let private = path::private();
    let expected = match meta {
        Meta::Path(_) => return Some(quote!(#private::ShouldPanic::Yes)),
        Meta::NameValue(pair) => text(pair)?,
        Meta::List(list) => {
            let pair: MetaNameValue = list.parse_args().ok()?;
            if !pair.path.is_ident("expected") {
                return None;
            }
            text(&pair)?
        }
    };
    Some(quote!(#private::ShouldPanic::With(#expected)))
}

fn text(pair: &MetaNameValue) -> Option<LitStr> {
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn sort(attributes: &[Attribute]) -> (Attributes, Vec<String>) {
        let mut errors = Errors::default();
        let sorted = Attributes::sort(attributes, &mut errors);
        (sorted, errors.messages())
    }

    #[test]
    fn each_attribute_goes_where_it_belongs() {
        let (sorted, messages) = sort(&[
            parse_quote!(#[doc = "text"]),
            parse_quote!(#[cfg(unix)]),
            parse_quote!(#[ignore = "slow"]),
            parse_quote!(#[should_panic(expected = "boom")]),
            parse_quote!(#[allow(dead_code)]),
        ]);
        assert!(messages.is_empty());
        assert_eq!((sorted.test.len(), sorted.cfg.len(), sorted.body.len()), (3, 1, 1));
        assert_eq!(sorted.ignore.to_string(), quote!(::core::option::Option::Some("slow")).to_string());
        let private = path::private();
        assert_eq!(sorted.should_panic.to_string(), quote!(#private::ShouldPanic::With("boom")).to_string());
    }

    #[test]
    fn a_conditional_ignore_stays_conditional() {
        let (sorted, messages) = sort(&[parse_quote!(#[cfg_attr(miri, ignore, allow(dead_code))])]);
        assert!(messages.is_empty());
        assert_eq!(sorted.test[0].to_string(), quote!(#[cfg_attr(miri, ignore)]).to_string());
        assert_eq!(sorted.body[0].to_string(), quote!(#[cfg_attr(miri, allow(dead_code))]).to_string());
        let none = quote!(::core::option::Option::None);
        let ignore = quote!(if ::core::cfg!(miri) { ::core::option::Option::Some("") } else { #none });
        assert_eq!(sorted.ignore.to_string(), ignore.to_string());
    }

    #[test]
    fn forms_that_the_stock_harness_refuses_are_refused() {
        let (_, messages) = sort(&[parse_quote!(#[ignore(now)]), parse_quote!(#[should_panic(with = "x")])]);
        assert_eq!(messages.len(), 2);
    }
}
