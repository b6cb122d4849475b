//! `#[peer_group]`: a module of tests, with the hooks in it.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Item, ItemMod};

use crate::args::{self, Known};
use crate::errors::Errors;
use crate::function::Function;
use crate::hook;
use crate::path;
use crate::values::{self, Repeat};

const KNOWN: [Known; 4] = [
    Known { name: "parallel", example: "parallel" },
    Known { name: "sequence", example: "sequence" },
    Known { name: "shuffle", example: "shuffle" },
    Known { name: "timetrap", example: "timetrap = \"30s\"" },
];

/// How a group is to be run.
#[derive(Default)]
struct Config {
    sequence: Option<Ident>,
    parallel: Option<Ident>,
    shuffle: bool,
    repeat: Repeat,
    timetrap: Option<std::time::Duration>,
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
                "shuffle" => config.shuffle = true,
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
        let repeat = self.repeat.expression();
        let timetrap = values::duration_expression(self.timetrap);
        quote!(sequence: #sequence, shuffle: #shuffle, repeat: #repeat, timetrap: #timetrap,)
    }
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let config = Config::read(arguments, &mut errors);
    let Ok(module) = syn::parse2::<ItemMod>(item.clone()) else {
        let first = item.clone().into_iter().find(|token| !matches!(token, TokenTree::Punct(_)));
        errors.at(first, "#[peer_group] goes on a module: `#[peer_group] mod quick { .. }`");
        return quote!(#item #errors);
    };
    let Some((_, items)) = &module.content else {
        errors.at(&module.ident, "a group is a module with its tests in it: write them here, in braces");
        return quote!(#item #errors);
    };
    let entries = entries(&module, items, &config, &mut errors);
    // What is found wrong is told beside the module, and nothing about it is added inside.
    if errors.is_empty() { with_more(item, entries) } else { quote!(#item #errors) }
}

/// The entry of the group itself, and those of its hooks; all of them stand in the module.
fn entries(module: &ItemMod, items: &[Item], config: &Config, errors: &mut Errors) -> TokenStream {
    let private = path::private();
    let table_entry = path::entry_of("GROUPS");
    let place = path::place_of(module.ident.span());
    let fields = config.fields();
    let mut entries = quote! {
        #[cfg(test)]
        const _: () = {
            #table_entry
            static GROUP: #private::Group = #private::Group {
                module: ::core::module_path!(),
                place: #place,
                #fields
            };
        };
    };
    for item in items {
        let Item::Fn(function) = item else { continue };
        let Some((_, moment)) = hook::OF_GROUPS.iter().find(|(name, _)| function.sig.ident == name) else { continue };
        if let Some(function) = Function::read("peer_group", function.to_token_stream(), errors) {
            entries.extend(hook::entry(&function, moment, errors));
        }
    }
    entries
}

/// The module as it was written, and more behind what is in its braces.
fn with_more(module: TokenStream, more: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = module.into_iter().collect();
    if let Some(TokenTree::Group(braces)) = tokens.last_mut() {
        let inside = braces.stream().into_iter().chain(more).collect();
        let mut new = Group::new(Delimiter::Brace, inside);
        new.set_span(braces.span());
        *braces = new;
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
        let text = expanded(
            quote!(sequence, repeat_until_any_fail = 3),
            quote!(
                mod quick {
                    async fn init_per_group() -> peer::Result<Cluster> {}
                    async fn other() {}
                    async fn end_per_testcase(cluster: &Cluster, status: &TestStatus) {}
                }
            ),
        );
        assert!(text.starts_with(
            "mod quick { async fn init_per_group () -> peer :: Result < Cluster > { } async fn other () { }"
        ));
        assert!(text.ends_with('}') && !text.contains("compile_error"), "{text}");
        assert_eq!((text.matches("static GROUP").count(), text.matches("static HOOK").count()), (1, 2), "{text}");
        assert!(
            text.contains("sequence : true") && text.contains("rounds : 3u32") && text.contains("AnyFail"),
            "{text}"
        );
    }

    #[test]
    fn every_mistake_is_told() {
        for (arguments, item, count) in [
            (
                quote!(sequence, parallel),
                quote!(
                    mod a {}
                ),
                1,
            ),
            (
                quote!(repeat = 1, repeat_until_all_ok = 2),
                quote!(
                    mod a {}
                ),
                1,
            ),
            (
                quote!(sequenze),
                quote!(
                    mod a {}
                ),
                1,
            ),
            (
                quote!(repeat = many, timetrap = 3),
                quote!(
                    mod a {}
                ),
                2,
            ),
            (
                quote!(),
                quote!(
                    mod a;
                ),
                1,
            ),
            (
                quote!(),
                quote!(
                    fn a() {}
                ),
                1,
            ),
            (
                quote!(),
                quote!(
                    mod a {
                        fn init_per_group() {}
                    }
                ),
                1,
            ),
            (
                quote!(),
                quote!(
                    mod a {
                        async fn init_per_group(n: Nodes, s: TestStatus, b: u8, c: &mut u8) {}
                    }
                ),
                4,
            ),
            (
                quote!(),
                quote!(
                    mod a {
                        async unsafe fn end_per_group<T>() {}
                    }
                ),
                2,
            ),
        ] {
            let text = expanded(arguments, item);
            assert_eq!(text.matches("compile_error").count(), count, "{text}");
        }
    }
}
