//! `#[peer_group]`: the module as it is, and in its braces one entry for the group and one for each hook.
//!
//! Of what the module contains only the hooks are looked at; all the rest may be anything that the compiler understands.

use std::time::Duration;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, Visibility};

use crate::args::{self, Known};
use crate::errors::Errors;
use crate::function::{self, Function};
use crate::values::{self, Repeat};
use crate::{hook, path};

const KNOWN: [Known; 5] = [
    Known { name: "parallel", example: "parallel" },
    Known { name: "sequence", example: "sequence" },
    Known { name: "shuffle", example: "shuffle[ = 42]" },
    Known { name: "timetrap", example: "timetrap = \"30s\"" },
    Known { name: "weight", example: "weight = 3" },
];

/// How a group is to be run.
#[derive(Default)]
struct Config {
    sequence: Option<Ident>,
    parallel: Option<Ident>,
    shuffle: bool,
    seed: Option<u64>,
    repeat: Repeat,
    timetrap: Option<Duration>,
    /// With the argument, to show where it is in vain.
    weight: Option<(Ident, u32)>,
}

impl Config {
    fn read(input: TokenStream, errors: &mut Errors) -> Self {
        let mut config = Self::default();
        let known: Vec<Known> = KNOWN.into_iter().chain(values::REPEATS).collect();
        for argument in args::parse(input, &known, errors) {
            if config.repeat.take(&argument, errors) {
                continue;
            }
            match argument.name.to_string().as_str() {
                "parallel" => config.parallel = Some(argument.name),
                "sequence" => config.sequence = Some(argument.name),
                "shuffle" => {
                    config.shuffle = true;
                    config.seed = values::seed(&argument, errors);
                }
                "weight" => {
                    config.weight = values::weight(&argument, 3, errors).map(|weight| (argument.name, weight));
                }
                _ => config.timetrap = values::timetrap(&argument, errors),
            }
        }
        if let (Some(_), Some(sequence)) = (&config.parallel, &config.sequence) {
            errors.at(sequence, "one after the other, or side by side: remove `sequence` or `parallel`");
        }
        config
    }

    fn fields(&self) -> TokenStream {
        let (sequence, shuffle) = (self.sequence.is_some(), self.shuffle);
        let seed = values::option(self.seed.map(|seed| quote!(#seed)));
        let repeat = self.repeat.expression();
        let timetrap = values::duration_expression(self.timetrap);
        let weight = values::option(self.weight.as_ref().map(|(_, weight)| quote!(#weight)));
        quote! {
            sequence: #sequence, shuffle: #shuffle, seed: #seed, repeat: #repeat, timetrap: #timetrap, weight: #weight,
        }
    }
}

/// A module, as far as it matters here.
struct Module {
    attributes: Vec<Attribute>,
    name: Ident,
    /// What stands in its braces; none for `mod name;`.
    hooks: Option<Hooks>,
}

impl Parse for Module {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![mod]>()?;
        let name = input.parse()?;
        let hooks = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else {
            let content;
            syn::braced!(content in input);
            Some(content.parse()?)
        };
        Ok(Self { attributes, name, hooks })
    }
}

/// The hooks among the items of a module, each with the moment that it is for.
struct Hooks {
    hooks: Vec<(Function, &'static str)>,
    /// Functions that would be hooks by another name, and what to do.
    misnamed: Vec<(Ident, String)>,
}

impl Parse for Hooks {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut hooks, mut misnamed) = (Vec::new(), Vec::new());
        while !input.is_empty() {
            let ahead = input.fork();
            let Ok(function) = ahead.call(function) else {
                input.parse::<TokenTree>()?;
                continue;
            };
            input.advance_to(&ahead);
            if let Some(moment) = hook::moment_of(&function.signature.ident) {
                hooks.push((function, moment));
            } else if let Some(what) = hook::misnamed(&function) {
                misnamed.push((function.signature.ident, what));
            }
        }
        Ok(Self { hooks, misnamed })
    }
}

/// The function that stands here, if one does.
fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let (attributes, visibility, signature) = (input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?);
    let body = TokenStream::from(input.parse::<TokenTree>()?);
    Ok(Function { attributes, visibility, signature, body })
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let config = Config::read(arguments, &mut errors);
    let entries = read(&item, &config, &mut errors).map(|module| entries(&module, &config, &mut errors));
    match entries {
        Some(entries) if errors.is_empty() => with_more(item, entries),
        // Nothing is added to a module with a mistake; what is found is told beside it.
        _ => quote!(#item #errors),
    }
}

/// The module that the attribute stands on, or the error that it stands on something else.
fn read(item: &TokenStream, config: &Config, errors: &mut Errors) -> Option<Module> {
    let kind = function::kind_of(item);
    if let Some(kind) = kind.filter(|kind| kind != "mod") {
        errors.at(kind, "#[peer_group] goes on a module: move it to a `mod`");
        return None;
    }
    let module: Module = syn::parse2(item.clone()).map_err(|error| errors.add(error)).ok()?;
    let Some(Hooks { hooks, misnamed }) = &module.hooks else {
        errors.at(&module.name, "a group is a module with its tests in it: write them here, in braces");
        return None;
    };
    misnamed.iter().for_each(|(name, what)| errors.at(name, what));
    let is_group =
        |attribute: &&Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "peer_group");
    if let Some((weight, _)) = &config.weight
        && !hooks.iter().any(|(function, _)| function.signature.ident == "init_per_group")
    {
        errors.at(weight, "`weight` is for what `init_per_group` starts: write that function, or leave `weight` out");
    }
    if let Some(second) = module.attributes.iter().find(is_group) {
        errors.at(second, "a module is one group: put these arguments into the first #[peer_group]");
    }
    Some(module)
}

/// The entry of the group itself, and those of its hooks; all of them stand in the module.
fn entries(module: &Module, config: &Config, errors: &mut Errors) -> TokenStream {
    let private = path::private();
    let table_entry = path::entry_of("GROUPS");
    let place = path::place_of(module.name.span());
    let fields = config.fields();
    let hooks = module.hooks.iter().flat_map(|all| &all.hooks);
    let hooks = hooks.map(|(function, moment)| hook::entry(function, moment, errors));
    quote! {
        #[cfg(test)]
        const _: () = {
            #table_entry
            static GROUP: #private::Group = #private::Group {
                module: ::core::module_path!(),
                place: #place,
                #fields
            };
        };
        #(#hooks)*
    }
}

/// The module as it was written, and more behind what is in its braces.
fn with_more(module: TokenStream, more: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = module.into_iter().collect();
    if let Some(TokenTree::Group(last)) = tokens.last_mut() {
        let inside = match last.delimiter() {
            // A macro wrote the module, within invisible brackets.
            Delimiter::None => with_more(last.stream(), more),
            _ => last.stream().into_iter().chain(more).collect(),
        };
        let mut new = Group::new(last.delimiter(), inside);
        new.set_span(last.span());
        *last = new;
    }
    tokens.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(arguments: TokenStream, item: TokenStream) -> String {
        expand(arguments, item).to_string()
    }

    #[test]
    fn the_module_is_pasted_back_with_entries_inside() {
        let content = quote! {
            #![allow(dead_code)]
            use super::*;
            async fn init_per_group() -> peer::Result<Cluster> {}
            #[peer_test]
            async fn other(cluster: &Cluster) {}
            #[cfg(unix)]
            pub(crate) async fn end_per_testcase(cluster: &Cluster, status: &TestStatus) {}
            mod inner { async fn end_per_group() {} }
        };
        let text =
            expanded(quote!(sequence, repeat_until_any_fail = 3, weight = 3), quote!(pub mod quick { #content }));
        assert!(text.starts_with(&format!("pub mod quick {{ {content}")), "{text}");
        assert!(text.ends_with('}') && !text.contains("compile_error"), "{text}");
        assert_eq!((text.matches("static GROUP").count(), text.matches("static HOOK").count()), (1, 2), "{text}");
        assert_eq!(text.matches("cfg (unix)").count(), 2, "{text}");
        assert!(text.contains("weight : :: core :: option :: Option :: Some (3u32)"), "{text}");
        let fields = "sequence : true , shuffle : false , seed : :: core :: option :: Option :: None";
        assert!(text.contains(fields) && text.contains("rounds : 3u32") && text.contains("AnyFail"), "{text}");
    }

    #[test]
    fn what_is_no_hook_may_be_anything() {
        let strange = quote! {
            macro_rules! init_per_group { () => { fn init_per_group() {} } }
            unsafe extern "C" { fn end_per_group(); }
            static X: Y = Y { a: { 1 } };
            super fn future(syntax) <- 1 ;
            impl Z { fn init_per_testcase(&self) {} }
        };
        let text = expanded(TokenStream::new(), quote!(mod strange { #strange async fn end_per_group() {} }));
        assert!(!text.contains("compile_error"), "{text}");
        assert_eq!(text.matches("static HOOK").count(), 1, "{text}");
    }

    #[test]
    fn a_module_that_a_macro_wrote_is_one_too() {
        let module = Group::new(
            Delimiter::None,
            quote!(
                mod quick {
                    async fn end_per_group() {}
                }
            ),
        );
        let text = expanded(TokenStream::new(), quote!(#module));
        assert_eq!((text.matches("static GROUP").count(), text.matches("static HOOK").count()), (1, 1), "{text}");
    }

    #[test]
    fn every_mistake_is_told() {
        let empty = quote!(
            mod a {}
        );
        for (arguments, item, count) in [
            (quote!(sequence, parallel), empty.clone(), 1),
            (quote!(repeat = 1, repeat_until_all_ok = 2), empty.clone(), 1),
            (quote!(sequenze), empty.clone(), 1),
            (quote!(weight = 3), empty.clone(), 1),
            (quote!(weight = 0), empty.clone(), 1),
            (quote!(sequence = true, nodes = 3), empty, 2),
            (
                quote!(repeat = many, timetrap = 3),
                quote!(
                    mod a;
                ),
                3,
            ),
            (
                quote!(),
                quote!(
                    #[allow(x)]
                    pub async fn a() {}
                ),
                1,
            ),
            (
                quote!(),
                quote!(
                    #[peer::peer_group(shuffle)]
                    mod a {}
                ),
                1,
            ),
            (
                quote!(),
                quote!(
                    mod a {
                        fn init_per_group() {}
                        async fn end_per_group(n: Nodes) {}
                    }
                ),
                2,
            ),
        ] {
            let text = expanded(arguments, item.clone());
            assert!(text.starts_with(&item.to_string()), "{text}");
            assert_eq!(text.matches("compile_error").count(), count, "{text}");
        }
    }
}
