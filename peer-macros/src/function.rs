//! Our small model of an annotated function: the body stays tokens, since it is only pasted back.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, GenericParam, Safety, Signature, Token, Visibility};

use crate::errors::Errors;

/// A function with its attributes, the annotating one not among them.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The block; when a macro wrote the function, perhaps within invisible brackets.
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("this function has no body: write one, or put the attribute on another function"));
        }
        let body = input.parse()?;
        Ok(Self { attributes, visibility, signature, body })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}

impl Function {
    /// The function that `attribute` stands on, or the error that it stands on something else.
    pub(crate) fn read(attribute: &str, item: TokenStream, errors: &mut Errors) -> Option<Self> {
        let other = kind_of(&item).filter(|kind| !BEFORE_FN.iter().any(|word| kind == word));
        if let Some(kind) = other {
            errors.at(kind, format!("#[{attribute}] goes on a function: move it to a `fn`"));
            return None;
        }
        syn::parse2(item).map_err(|error| errors.add(error)).ok()
    }

    /// The name as text, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }

    /// The name for use in generated code: found from the macro's point of view, shown at the function.
    pub(crate) fn callee(&self) -> Ident {
        let mut name = self.signature.ident.clone();
        name.set_span(name.span().resolved_at(proc_macro2::Span::call_site()));
        name
    }

    /// Refuses generics and where clauses; `types` tells what to write in place of type and const parameters.
    pub(crate) fn refuse_generics(&self, types: &str, errors: &mut Errors) {
        for parameter in &self.signature.generics.params {
            match parameter {
                GenericParam::Lifetime(_) => {
                    errors.at(parameter, "a lifetime has no meaning here: remove it, and take owned values");
                }
                GenericParam::Type(_) | GenericParam::Const(_) => errors.at(parameter, types),
            }
        }
        if let Some(clause) = &self.signature.generics.where_clause {
            errors.at(clause, "there are no generics that this could bound: remove the `where` clause");
        }
    }

    /// Refuses `unsafe`, and `extern` with an ABI.
    pub(crate) fn refuse_unsafe_and_extern(&self, errors: &mut Errors) {
        if let Safety::Unsafe(word) = &self.signature.safety {
            errors.at(
                word,
                "nobody can keep this function's promises for it: remove `unsafe`, or wrap it in a safe function",
            );
        }
        if let Some(abi) = &self.signature.abi {
            errors.at(abi, "this function is called by Rust code alone: remove the `extern`");
        }
    }
}

/// What may stand before `fn`, `fn` included.
const BEFORE_FN: [&str; 7] = ["fn", "async", "const", "unsafe", "safe", "extern", "gen"];

/// The first word of an item after attributes and visibility, unless it is followed by `fn` all the same.
pub(crate) fn kind_of(item: &TokenStream) -> Option<Ident> {
    let mut words = item.clone().into_iter().take_while(|token| !is_body(token)).filter_map(|token| match token {
        TokenTree::Ident(word) if word != "pub" => Some(word),
        _ => None,
    });
    let first = words.next()?;
    // `const NAME`, `unsafe trait`, `extern crate`: only the word `fn` itself makes a function.
    if BEFORE_FN.iter().any(|word| first == word) && first != "fn" && !words.any(|word| word == "fn") {
        return Some(Ident::new("item", first.span()));
    }
    Some(first)
}

fn is_body(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}
