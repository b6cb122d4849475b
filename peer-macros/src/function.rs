//! An annotated function. Its body stays tokens, which are only pasted back.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, FnArg, GenericParam, PatType, ReturnType, Safety, Signature, Token, Type, Visibility};

use crate::errors::Errors;
use crate::path;

/// A function with its other attributes.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The block.
    pub(crate) body: TokenStream,
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
        let parser = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility = input.parse()?;
            let signature = input.parse().map_err(|error: syn::Error| {
                syn::Error::new(error.span(), format!("`{attribute}` goes on a function: move it to a `fn`"))
            })?;
            if input.peek(Token![;]) {
                return Err(input.error("this function has no body: write one"));
            }
            Ok(Self { attributes, visibility, signature, body: input.parse()? })
        };
        parser.parse2(item).map_err(|error| errors.add(error)).ok()
    }

    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }

    /// The name in generated code: resolved where the macro stands, shown at the function.
    pub(crate) fn callee(&self) -> Ident {
        let mut name = self.signature.ident.clone();
        name.set_span(name.span().resolved_at(Span::call_site()));
        name
    }

    /// The result type that is written.
    pub(crate) fn result(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(ty),
        }
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &PatType> {
        self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        })
    }

    /// The `cfg`s on the function, for all that is generated beside it.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// Rejects what no registered function can have: `self`, generics, `unsafe`, an ABI, and conditions on parameters.
    pub(crate) fn check(&self, errors: &mut Errors) {
        let signature = &self.signature;
        if let Safety::Unsafe(word) = &signature.safety {
            errors.at(word, "safe code calls this function: remove `unsafe`, or wrap it in a safe function");
        }
        if let Some(abi) = &signature.abi {
            errors.at(abi, "only Rust code calls this function: remove `extern`");
        }
        for parameter in &signature.generics.params {
            errors.at(
                parameter,
                match parameter {
                    GenericParam::Lifetime(_) => "remove this lifetime",
                    _ => "generated code calls this function and cannot choose a parameter: write a type in its place",
                },
            );
        }
        if let Some(clause) = &signature.generics.where_clause {
            errors.at(clause, "without generics there is nothing to bound: remove the `where` clause");
        }
        if let Some(receiver) = signature.receiver() {
            errors.at(receiver, "a method has no value to be called on here: write a free function, without `self`");
        }
        if let Some(variadic) = &signature.variadic {
            errors.at(variadic, "remove this parameter");
        }
        for attribute in self.parameters().flat_map(|parameter| &parameter.attrs) {
            if attribute.path().is_ident("cfg") {
                errors.at(attribute, "the parameters are the same in each build: put the `cfg` on the function");
            }
        }
    }

    /// Rejects what no test or hook can be: `const`, or not `async`.
    pub(crate) fn check_async(&self, errors: &mut Errors) {
        if let Some(word) = &self.signature.constness {
            errors.at(word, "this function runs at run time: remove `const`");
        } else if self.signature.asyncness.is_none() {
            errors.at(self.signature.fn_token, "this function starts nodes and awaits them: write `async fn`");
        }
    }

    /// The inputs that the parameters require, and the closure that calls the function with them. `outcome` gives the path of what
    /// converts the result; `role` is a `Role`.
    ///
    /// Parameters and the result keep their places, so that the compiler shows these where a type does not fit.
    pub(crate) fn registered(&self, role: &TokenStream, outcome: &TokenStream) -> Registered {
        let private = path::private();
        let (mut checks, mut inputs, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in self.parameters() {
            let (ty, (start, end)) = (&parameter.ty, ends(&parameter.ty));
            let from_inputs = quote_spanned!(start=> <#ty as #private::FromInputs<'_>>);
            let requires = quote_spanned!(start=> #from_inputs::REQUIRES);
            let check = quote_spanned!(end=> .check(#role));
            checks.push(quote!(const _: () = #requires #check;));
            arguments.push(quote_spanned!(start=> #from_inputs::from_inputs(&_inputs)));
            inputs.push(requires);
        }
        let mut callee = self.callee();
        let (start, end) = self.result().map_or((callee.span(), callee.span()), ends);
        callee.set_span(start);
        let awaited = quote_spanned!(end=> .await);
        Registered {
            checks: quote!(#(#checks)*),
            requires: quote!(&[#(#inputs),*]),
            run: quote! {
                |_inputs: #private::Inputs| ::std::boxed::Box::pin(async move {
                    #outcome(#callee(#(#arguments),*) #awaited)
                })
            },
        }
    }
}

/// The parts of a test's or a hook's registration that depend on its parameters.
pub(crate) struct Registered {
    /// Items that do not compile where a parameter does not fit.
    pub(crate) checks: TokenStream,
    pub(crate) requires: TokenStream,
    pub(crate) run: TokenStream,
}

/// The places of the first and the last token, resolved where the macro stands: code there is generated, to lints too.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let last = spans.last().unwrap_or(first);
    (first.resolved_at(Span::call_site()), last.resolved_at(Span::call_site()))
}
