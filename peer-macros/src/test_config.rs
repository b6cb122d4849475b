//! The arguments of `#[peer_test]`: what each may be, and what it is without.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Lit;

use crate::args::{self, Argument, Known};
use crate::errors::Errors;
use crate::path;

const KNOWN: [Known; 6] = [
    Known { name: "nodes", example: "nodes = 4" },
    Known { name: "connection", example: "connection = \"tcp\"" },
    Known { name: "timetrap", example: "timetrap = \"30s\"" },
    Known { name: "flavor", example: "flavor = \"multi_thread\"" },
    Known { name: "worker_threads", example: "worker_threads = 2" },
    Known { name: "leaks", example: "leaks = \"fail\"" },
];

/// More nodes than this are a slip of the finger: `StartOptions` start as many as somebody wants.
const MOST_NODES: u32 = 1000;

/// How a test is to be run.
#[derive(Default)]
pub(crate) struct Config {
    /// The argument `nodes`, to show for a mistake with it.
    pub(crate) nodes_argument: Option<Argument>,
    /// How many nodes there are, 0 after a mistake.
    pub(crate) nodes: u32,
    tcp: bool,
    timetrap: Option<Duration>,
    multi_thread: bool,
    worker_threads: Option<usize>,
    leaks_fail: bool,
}

impl Config {
    /// Reads the arguments. After a mistake the default stands in for the bad value.
    pub(crate) fn read(input: TokenStream, errors: &mut Errors) -> Self {
        let mut config = Self::default();
        let mut workers_argument: Option<Ident> = None;
        let mut bad_flavor = false;
        for argument in args::parse(input, &KNOWN, errors) {
            match argument.name.to_string().as_str() {
                "nodes" => {
                    config.nodes = nodes(&argument, errors).unwrap_or_default();
                    config.nodes_argument = Some(argument);
                }
                "connection" => config.tcp = one_of(&argument, ["stdio", "tcp"], errors) == Some("tcp"),
                "timetrap" => config.timetrap = timetrap(&argument, errors),
                "flavor" => {
                    let flavor = one_of(&argument, ["current_thread", "multi_thread"], errors);
                    config.multi_thread = flavor == Some("multi_thread");
                    bad_flavor = flavor.is_none();
                }
                "leaks" => config.leaks_fail = one_of(&argument, ["report", "fail"], errors) == Some("fail"),
                _ => {
                    config.worker_threads = worker_threads(&argument, errors);
                    workers_argument = Some(argument.name);
                }
            }
        }
        if let Some(argument) = workers_argument.filter(|_| !config.multi_thread && !bad_flavor) {
            errors.at(
                argument,
                "only a `multi_thread` runtime has worker threads: add `flavor = \"multi_thread\"`, or leave `worker_threads` out",
            );
        }
        config
    }

    /// The fields of the table's entry that come from here.
    pub(crate) fn fields(&self) -> TokenStream {
        let private = path::private();
        let Self { nodes, worker_threads, .. } = self;
        let connection = if self.tcp { quote!(Tcp(0)) } else { quote!(StandardIo) };
        let flavor = if self.multi_thread { quote!(MultiThread) } else { quote!(CurrentThread) };
        let leaks = if self.leaks_fail { quote!(Fail) } else { quote!(Report) };
        let timetrap = option(self.timetrap.map(|timetrap| {
            if timetrap == Duration::MAX {
                return quote!(::core::time::Duration::MAX);
            }
            let milliseconds = u64::try_from(timetrap.as_millis()).unwrap_or(u64::MAX);
            quote!(::core::time::Duration::from_millis(#milliseconds))
        }));
        let worker_threads = option(worker_threads.map(|threads| quote!(#threads)));
        quote! {
            nodes: #nodes,
            connection: #private::Connection::#connection,
            timetrap: #timetrap,
            flavor: #private::Flavor::#flavor,
            worker_threads: #worker_threads,
            leaks: #private::Leaks::#leaks,
            wants: &[],
            repeat: #private::Repeat::ONCE,
            retries: 0,
            weight: ::core::option::Option::None,
            exclusive: false,
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn nodes(argument: &Argument, errors: &mut Errors) -> Option<u32> {
    match integer(argument) {
        Some(0) => {
            errors.at(&argument.value, "leave `nodes` out for a test without nodes");
            None
        }
        Some(nodes @ 1..=MOST_NODES) => Some(nodes),
        Some(_) => {
            errors.at(&argument.value, format!("at most {MOST_NODES} nodes: start more of them with `ct_peer!`"));
            None
        }
        None => {
            errors.at(&argument.value, format!("a number of nodes from 1 to {MOST_NODES} stands here: `nodes = 4`"));
            None
        }
    }
}

fn worker_threads(argument: &Argument, errors: &mut Errors) -> Option<usize> {
    match integer(argument) {
        Some(0) => {
            errors.at(
                &argument.value,
                "a runtime has at least one worker thread: write `worker_threads = 1`, or leave it out",
            );
            None
        }
        Some(threads) => usize::try_from(threads).ok(),
        None => {
            errors.at(&argument.value, "a number of threads stands here: `worker_threads = 2`");
            None
        }
    }
}

fn timetrap(argument: &Argument, errors: &mut Errors) -> Option<Duration> {
    let text = text(argument);
    let duration = text.as_deref().and_then(duration);
    match duration {
        None => {
            errors.at(&argument.value, "write a time such as \"30s\", \"500ms\", \"2m\", \"1h\", or \"off\"");
            None
        }
        Some(Duration::ZERO) => {
            errors.at(&argument.value, "no test ends in no time: write \"off\" for a test without a time trap");
            None
        }
        some => some,
    }
}

/// A number with its unit, or "off", which is the longest time there is.
fn duration(text: &str) -> Option<Duration> {
    if text == "off" {
        return Some(Duration::MAX);
    }
    let unit = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

/// The one of two texts that the argument is.
fn one_of(argument: &Argument, allowed: [&'static str; 2], errors: &mut Errors) -> Option<&'static str> {
    let text = text(argument);
    let found = allowed.into_iter().find(|allowed| text.as_deref() == Some(allowed));
    if found.is_none() {
        let [first, second] = allowed;
        errors.at(&argument.value, format!("`{}` is \"{first}\" or \"{second}\": write one of them", argument.name));
    }
    found
}

fn integer(argument: &Argument) -> Option<u32> {
    match syn::parse2(argument.value.clone()) {
        Ok(Lit::Int(number)) if number.suffix().is_empty() && !number.base10_digits().starts_with('-') => {
            // What does not fit is a number all the same, and too large for everything here.
            Some(number.base10_parse().unwrap_or(u32::MAX))
        }
        _ => None,
    }
}

fn text(argument: &Argument) -> Option<String> {
    match syn::parse2(argument.value.clone()) {
        Ok(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn mistakes(input: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        Config::read(input, &mut errors);
        errors.messages()
    }

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, time) in [
            ("30s", Some(Duration::from_secs(30))),
            ("500ms", Some(Duration::from_millis(500))),
            ("2m", Some(Duration::from_mins(2))),
            ("1h", Some(Duration::from_hours(1))),
            ("off", Some(Duration::MAX)),
            ("0s", Some(Duration::ZERO)),
            ("30", None),
            ("", None),
            ("s", None),
            ("-3s", None),
            ("1.5s", None),
            ("3 s", None),
            ("99999999999999999h", None),
        ] {
            assert_eq!(duration(text), time, "{text:?}");
        }
    }

    #[test]
    fn good_arguments_become_fields() {
        let mut errors = Errors::default();
        let config = Config::read(
            quote!(
                nodes = 4,
                connection = "tcp",
                timetrap = "30s",
                flavor = "multi_thread",
                worker_threads = 2,
                leaks = "fail"
            ),
            &mut errors,
        );
        assert!(errors.is_empty());
        let private = path::private();
        let fields = quote! {
            nodes: 4u32,
            connection: #private::Connection::Tcp(0),
            timetrap: ::core::option::Option::Some(::core::time::Duration::from_millis(30000u64)),
            flavor: #private::Flavor::MultiThread,
            worker_threads: ::core::option::Option::Some(2usize),
            leaks: #private::Leaks::Fail,
        };
        assert_eq!(config.fields().to_string(), fields.to_string());
    }

    #[test]
    fn each_mistake_is_told_once() {
        assert_eq!(mistakes(quote!(nodes = 0, connection = tcp, timetrap = 30, worker_threads = 0)).len(), 5);
        assert_eq!(mistakes(quote!(flavor = "multi", worker_threads = 2)).len(), 1);
        assert_eq!(mistakes(quote!(nodes = -1)).len(), 1);
        assert_eq!(mistakes(quote!(leaks = "ignore")), ["`leaks` is \"report\" or \"fail\": write one of them"]);
        assert_eq!(mistakes(quote!(nodes = 99999999999)), ["at most 1000 nodes: start more of them with `ct_peer!`"]);
    }
}
