//! The other attributes of a test.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Token};

use crate::errors::Errors;
use crate::path;

/// Sorted by what they belong to.
#[derive(Default)]
pub(crate) struct Attributes {
    /// The `#[test]` for stock libtest: documentation, `ignore`, `should_panic`.
    pub(crate) test: Vec<TokenStream>,
    /// All that is generated: `cfg`.
    pub(crate) cfg: Vec<TokenStream>,
    /// The function with the body: all others.
    pub(crate) body: Vec<TokenStream>,
    /// The field for `#[ignore]`.
    pub(crate) ignore: TokenStream,
    /// The field for `#[should_panic]`.
    pub(crate) should_panic: TokenStream,
    /// There is a `#[should_panic]`, with or without a condition.
    pub(crate) may_panic: bool,
}

impl Attributes {
    /// Sorts the attributes, those in `cfg_attr` too.
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

    /// Adds an attribute that holds under a condition, or always. `whole` is the attribute as written.
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
            // The compiler reports the mistake, where the function with the body has the attribute.
            Err(_) => self.body.push(quote!(#whole)),
        }
    }
}

/// `yes` under the condition, `before` otherwise.
fn under(condition: Option<&TokenStream>, yes: &TokenStream, before: &TokenStream) -> TokenStream {
    match condition {
        Some(condition) => quote!(if ::core::cfg!(#condition) { #yes } else { #before }),
        None => yes.clone(),
    }
}

/// The reason of an `#[ignore]`, empty without one; `None` if it is malformed.
fn ignore_reason(meta: &Meta) -> Option<String> {
    match meta {
        Meta::Path(_) => Some(String::new()),
        Meta::NameValue(pair) => text(pair).map(|text| text.value()),
        Meta::List(_) => None,
    }
}

/// The `ShouldPanic` of a `#[should_panic]`; `None` if it is malformed.
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
}
