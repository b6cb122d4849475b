//! The functions around tests: one entry in the table of hooks for each.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, GenericArgument, PathArguments, Signature, Type};

use crate::args;
use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::function::Function;
use crate::parameters::{self, Parameter, What};
use crate::{path, types, values};

/// The hooks of a group by their names, and the values of `Moment` that they are.
const OF_GROUPS: [(&str, &str); 4] = [
    ("init_per_group", "InitPerGroup"),
    ("end_per_group", "EndPerGroup"),
    ("init_per_testcase", "InitPerTestcase"),
    ("end_per_testcase", "EndPerTestcase"),
];

/// Those of the suite, which are attributes.
const OF_SUITES: [&str; 2] = ["init_per_suite", "end_per_suite"];

const TAKES: &str = "a hook takes what inits above it return, each as `&T`: write it so, or remove this parameter";
const TAKES_STATUS: &str = "this hook takes what inits above it return, each as `&T`, and a `TestStatus`: write it so, or remove this parameter";

/// Which hook of a group a function of this name is.
pub(crate) fn moment_of(name: &Ident) -> Option<&'static str> {
    OF_GROUPS.iter().find(|(hook, _)| name == hook).map(|(_, moment)| *moment)
}

/// What to do about a function that was to be a hook, to all appearances, and is none: nobody would ever call it.
pub(crate) fn misnamed(function: &Function) -> Option<String> {
    let Signature { ident: name, asyncness: Some(_), inputs, .. } = &function.signature else { return None };
    let could_be = |input: &FnArg| matches!(input, FnArg::Typed(input) if matches!(*input.ty, Type::Reference(_)) || types::is_named(&input.ty, "TestStatus"));
    // Whatever else it is, another attribute makes it that.
    let is_plain =
        |attribute: &Attribute| ["cfg", "doc", "allow", "expect"].iter().any(|plain| attribute.path().is_ident(plain));
    if !inputs.iter().all(could_be) || !function.attributes.iter().all(is_plain) {
        return None;
    }
    if OF_SUITES.iter().any(|suite| name == suite) {
        return Some(format!(
            "hooks of the suite have an attribute: write `#[peer::{name}]` above it, or give it another name"
        ));
    }
    let nearest = args::nearest(&name.to_string(), &OF_GROUPS.map(|(hook, _)| hook))?;
    let is_like = ["init_per_", "end_per_"].iter().any(|like| name.to_string().starts_with(like));
    is_like.then(|| format!("this is no hook: did you mean `{nearest}`? If not, give it another name"))
}

/// `#[init_per_suite]` and `#[end_per_suite]`.
pub(crate) fn expand(attribute: &str, moment: &str, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, format!("#[{attribute}] takes no arguments: write `#[peer::{attribute}]`"));
    }
    let Some(function) = Function::read(attribute, item.clone(), &mut errors) else {
        return quote!(#item #errors);
    };
    let entry = entry(&function, moment, &mut errors);
    if errors.is_empty() { quote!(#item #entry) } else { quote!(#item #errors) }
}

/// The entry of a hook, which stands beside the function.
pub(crate) fn entry(function: &Function, moment: &str, errors: &mut Errors) -> TokenStream {
    check(function, errors);
    let parameters = parameters(function, moment, errors);
    let is_init = moment.starts_with("Init");
    let result = types::written_result(&function.signature.output);
    let given = result.filter(|_| is_init).and_then(given);
    if let Some(ty) = given {
        check_given(ty, errors);
    }
    let outcome = match result {
        _ if !is_init => "ended",
        Some(ty) if types::is_named(ty, "Result") => "given_or_failed",
        _ => "given",
    };
    let private = path::private();
    // Mistakes in other attributes are the compiler's to tell: a hook is a function as it is.
    let cfg = Attributes::sort(&function.attributes, &mut Errors::default()).cfg;
    let assertion = given.map(|ty| assertion(ty, &cfg));
    let table_entry = path::entry_of("HOOKS");
    let place = path::place_of(function.signature.ident.span());
    let moment = Ident::new(moment, Span::call_site());
    let wants = parameters::wants(&parameters);
    let gives = values::option(given.map(|ty| quote!(#private::Kind::of::<#ty>())));
    let run = parameters::closure(function, &parameters, outcome);
    quote! {
        #assertion

        #[cfg(test)]
        #(#cfg)*
        const _: () = {
            #table_entry
            static HOOK: #private::Hook = #private::Hook {
                module: ::core::module_path!(),
                moment: #private::Moment::#moment,
                place: #place,
                wants: #wants,
                gives: #gives,
                run: #run,
            };
        };
    }
}

/// Everything but its parameters and its result that keeps a function from being a hook.
fn check(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    let test = function.attributes.iter().find(|attribute| attributes::makes_a_test(attribute));
    if let Some(test) = test {
        errors.at(test, format!("`{}` is a hook, and no test: remove this attribute", function.name()));
    }
    if let Some(word) = &signature.constness {
        errors.at(word, "a hook runs when the tests run: remove `const`");
    } else if signature.asyncness.is_none() && test.is_none() {
        errors.at(signature.fn_token, "a hook awaits what it starts: add `async`");
    }
    function.refuse_unsafe_and_extern(errors);
    function.refuse_generics("nobody chooses this parameter when the hook runs: remove it", errors);
}

fn parameters<'a>(function: &'a Function, moment: &str, errors: &mut Errors) -> Vec<Parameter<'a>> {
    let takes_status = moment == "EndPerTestcase";
    let takes = if takes_status { TAKES_STATUS } else { TAKES };
    let parameters = parameters::sort(function, "hook", takes, errors);
    let mut has_status = false;
    for Parameter { written, what } in &parameters {
        match what {
            What::Nodes => {
                errors
                    .at(written, "a hook is given no nodes: start them with `ct_peer!`, and return them from an init");
            }
            What::Status { .. } if !takes_status => {
                errors.at(written, "only `end_per_testcase` knows what a test came to: remove this parameter");
            }
            What::Status { .. } if has_status => {
                errors.at(written, "there is one status: remove this parameter");
            }
            What::Status { .. } => has_status = true,
            What::Given(_) => {}
        }
    }
    parameters
}

/// The type that an init gives; none where that is nothing.
fn given(written: &Type) -> Option<&Type> {
    let ty = if types::is_named(written, "Result") { first_argument(written)? } else { written };
    (!types::is_unit(ty)).then_some(ty)
}

fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = types::bare(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Refuses what has no type by which it could be found, or does not last.
fn check_given(ty: &Type, errors: &mut Errors) {
    match types::bare(ty) {
        Type::Reference(reference) if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") => {
            errors.at(reference, "what an init returns is kept for others: return an owned value, without `&`");
        }
        opaque @ Type::ImplTrait(_) => {
            errors.at(opaque, "what an init returns is found by its type: name that type");
        }
        Type::Never(never) => errors.at(never, "nothing runs below an init that never returns: return nothing at all"),
        _ => {}
    }
}

/// Asks for what a value must have that is handed around, with the span of its type.
fn assertion(ty: &Type, cfg: &[TokenStream]) -> TokenStream {
    let private = path::private_at(ty.span());
    let asserted = quote_spanned!(ty.span()=> #private::assert_given::<#ty>());
    quote!(#(#cfg)* const _: fn() = || { #asserted; };)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(moment: &str, item: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let function = Function::read("hook", item, &mut errors).expect("the test's own function is valid");
        let entry = entry(&function, moment, &mut errors).to_string();
        (entry, errors.messages())
    }

    #[track_caller]
    fn check_gives(result: TokenStream, gives: Option<TokenStream>, outcome: &str) {
        let (entry, messages) = entry_of("InitPerGroup", quote!(async fn init_per_group() #result {}));
        assert!(messages.is_empty(), "{messages:?}");
        let private = path::private();
        let is_asserted = gives.is_some();
        let gives = values::option(gives.map(|ty| quote!(#private::Kind::of::<#ty>())));
        assert!(entry.contains(&quote!(gives: #gives,).to_string()), "{entry}");
        assert!(entry.contains(&format!(":: {outcome} (init_per_group () . await)")), "{entry}");
        assert_eq!(entry.contains("assert_given"), is_asserted, "{entry}");
    }

    #[test]
    fn what_an_init_gives_is_seen_from_its_result() {
        check_gives(quote!(), None, "given");
        check_gives(quote!(-> ()), None, "given");
        check_gives(quote!(-> Cluster), Some(quote!(Cluster)), "given");
        check_gives(quote!(-> &'static str), Some(quote!(&'static str)), "given");
        check_gives(quote!(-> peer::Result), None, "given_or_failed");
        check_gives(quote!(-> Result<(), String>), None, "given_or_failed");
        check_gives(quote!(-> peer::Result<Vec<Peer>>), Some(quote!(Vec<Peer>)), "given_or_failed");
        check_gives(quote!(-> Result<Cluster, std::io::Error>), Some(quote!(Cluster)), "given_or_failed");
    }

    #[test]
    fn an_end_gives_nothing() {
        let item = quote!(
            #[cfg(unix)]
            async fn end_per_testcase(status: &TestStatus) -> Result<(), String> {}
        );
        let (entry, messages) = entry_of("EndPerTestcase", item);
        assert!(messages.is_empty(), "{messages:?}");
        assert!(entry.contains(":: ended (end_per_testcase (& _parts . status) . await)"), "{entry}");
        assert!(entry.contains("Option :: None") && !entry.contains("assert_given"), "{entry}");
        assert_eq!(entry.matches("cfg (unix)").count(), 1, "{entry}");
    }

    #[test]
    fn conditions_are_copied_to_all_that_is_generated() {
        let item = quote!(
            #[cfg(unix)]
            #[cfg_attr(test, cfg(miri))]
            async fn init_per_group() -> u8 {}
        );
        let (entry, _) = entry_of("InitPerGroup", item);
        assert_eq!((entry.matches("cfg (unix)").count(), entry.matches("cfg (miri)").count()), (2, 2), "{entry}");
    }

    #[test]
    fn every_mistake_is_told() {
        for (moment, item, count) in [
            (
                "InitPerGroup",
                quote!(
                    fn f() {}
                ),
                1,
            ),
            (
                "InitPerGroup",
                quote!(
                    const fn f() {}
                ),
                1,
            ),
            (
                "EndPerGroup",
                quote!(
                    async unsafe extern "C" fn f<T>()
                    where
                        T: Copy,
                    {
                    }
                ),
                4,
            ),
            (
                "InitPerGroup",
                quote!(
                    async fn f(n: Nodes, s: TestStatus, b: u8, c: &mut u8) {}
                ),
                4,
            ),
            (
                "EndPerTestcase",
                quote!(
                    async fn f(s: &TestStatus, c: &u8, t: TestStatus) {}
                ),
                1,
            ),
            (
                "EndPerTestcase",
                quote!(
                    #[peer_test]
                    async fn f() {}
                ),
                1,
            ),
            (
                "InitPerSuite",
                quote!(
                    async fn f() -> &str {}
                ),
                1,
            ),
            (
                "InitPerSuite",
                quote!(
                    async fn f() -> peer::Result<impl Any> {}
                ),
                1,
            ),
            (
                "InitPerSuite",
                quote!(
                    async fn f() -> ! {}
                ),
                1,
            ),
        ] {
            let text = item.to_string();
            let (_, messages) = entry_of(moment, item);
            assert_eq!(messages.len(), count, "{text}: {messages:?}");
        }
    }

    #[test]
    fn a_suite_hook_leaves_its_function_untouched() {
        let item = quote!(
            /// Text.
            pub async fn prepare() {}
        );
        let text = expand("init_per_suite", "InitPerSuite", TokenStream::new(), item.clone()).to_string();
        assert!(text.starts_with(&item.to_string()) && text.contains("InitPerSuite"), "{text}");
        let text = expand(
            "init_per_suite",
            "InitPerSuite",
            quote!(now),
            quote!(
                struct Prepare;
            ),
        )
        .to_string();
        assert!(text.starts_with("struct Prepare ;"), "{text}");
        assert_eq!(text.matches("compile_error").count(), 2, "{text}");
    }
}
