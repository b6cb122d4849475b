//! The arguments of `#[peer_test]`: what each may be, and what it is without.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::args::{self, Argument, Known};
use crate::errors::Errors;
use crate::path;
use crate::values::{self, MOST_NODES, Repeat};

const KNOWN: [Known; 11] = [
    Known { name: "nodes", example: "nodes = 4" },
    Known { name: "everywhere", example: "everywhere" },
    Known { name: "connection", example: "connection = \"tcp\"" },
    Known { name: "timetrap", example: "timetrap = \"30s\"" },
    Known { name: "flavor", example: "flavor = \"multi_thread\"" },
    Known { name: "worker_threads", example: "worker_threads = 2" },
    Known { name: "leaks", example: "leaks = \"fail\"" },
    Known { name: "retries", example: "retries = 2" },
    Known { name: "weight", example: "weight = 8" },
    Known { name: "exclusive", example: "exclusive" },
    Known { name: "own_dirs", example: "own_dirs" },
];

/// Whoever needs more than these has another problem.
const MOST_RETRIES: u32 = 100;

/// How a test is to be run.
#[derive(Default)]
pub(crate) struct Config {
    /// The argument `nodes`, to show for a mistake with it.
    pub(crate) nodes_argument: Option<Argument>,
    /// How many nodes there are, 0 after a mistake.
    pub(crate) nodes: u32,
    /// The argument `everywhere`, if the body is to run in the nodes.
    pub(crate) everywhere: Option<Argument>,
    tcp: bool,
    timetrap: Option<Duration>,
    multi_thread: bool,
    worker_threads: Option<usize>,
    leaks_fail: bool,
    repeat: Repeat,
    retries: u32,
    weight: Option<u32>,
    exclusive: bool,
    own_dirs: bool,
}

impl Config {
    /// Reads the arguments. After a mistake the default stands in for the bad value.
    pub(crate) fn read(input: TokenStream, errors: &mut Errors) -> Self {
        let mut config = Self::default();
        let mut workers_argument: Option<Ident> = None;
        let mut own_dirs_argument: Option<Ident> = None;
        let mut bad_flavor = false;
        let known: Vec<Known> = KNOWN.into_iter().chain(values::REPEATS).collect();
        for argument in args::parse(input, &known, errors) {
            if config.repeat.take(&argument, errors) {
                continue;
            }
            match argument.name.to_string().as_str() {
                "nodes" => {
                    config.nodes = nodes(&argument, errors).unwrap_or_default();
                    config.nodes_argument = Some(argument);
                }
                "connection" => config.tcp = values::one_of(&argument, ["stdio", "tcp"], errors) == Some("tcp"),
                "timetrap" => config.timetrap = values::timetrap(&argument, errors),
                "flavor" => {
                    let flavor = values::one_of(&argument, ["current_thread", "multi_thread"], errors);
                    config.multi_thread = flavor == Some("multi_thread");
                    bad_flavor = flavor.is_none();
                }
                "leaks" => config.leaks_fail = values::one_of(&argument, ["report", "fail"], errors) == Some("fail"),
                "retries" => {
                    config.retries = values::number(&argument, 0..=MOST_RETRIES, 2, errors).unwrap_or_default()
                }
                "weight" => config.weight = values::weight(&argument, 8, errors),
                "exclusive" => config.exclusive = true,
                "own_dirs" => {
                    config.own_dirs = true;
                    own_dirs_argument = Some(argument.name);
                }
                "everywhere" => config.everywhere = Some(argument),
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
        if let Some(argument) = own_dirs_argument.filter(|_| config.nodes_argument.is_none()) {
            errors.at(
                argument,
                "`own_dirs` is for the nodes of `nodes = N`: add that, or start nodes with `ct_peer!({ own_dir: true })`",
            );
        }
        config
    }

    /// The fields of the table's entry that come from here.
    pub(crate) fn fields(&self) -> TokenStream {
        let private = path::private();
        let Self { nodes, worker_threads, retries, exclusive, own_dirs, .. } = self;
        let repeat = self.repeat.expression();
        let weight = values::option(self.weight.map(|weight| quote!(#weight)));
        let connection = if self.tcp { quote!(Tcp(0)) } else { quote!(StandardIo) };
        let flavor = if self.multi_thread { quote!(MultiThread) } else { quote!(CurrentThread) };
        let leaks = if self.leaks_fail { quote!(Fail) } else { quote!(Report) };
        let timetrap = values::duration_expression(self.timetrap);
        let worker_threads = values::option(worker_threads.map(|threads| quote!(#threads)));
        quote! {
            nodes: #nodes,
            connection: #private::Connection::#connection,
            timetrap: #timetrap,
            flavor: #private::Flavor::#flavor,
            worker_threads: #worker_threads,
            leaks: #private::Leaks::#leaks,
            repeat: #repeat,
            retries: #retries,
            weight: #weight,
            exclusive: #exclusive,
            own_dirs: #own_dirs,
        }
    }
}

fn nodes(argument: &Argument, errors: &mut Errors) -> Option<u32> {
    match values::integer(argument) {
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
    match values::integer(argument) {
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
    fn good_arguments_become_fields() {
        let mut errors = Errors::default();
        let config = Config::read(
            quote!(
                nodes = 4,
                connection = "tcp",
                timetrap = "30s",
                flavor = "multi_thread",
                worker_threads = 2,
                leaks = "fail",
                repeat_until_any_fail = 9,
                retries = 2,
                weight = 8,
                exclusive,
                own_dirs
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
            repeat: #private::Repeat {
                rounds: 9u32,
                until: ::core::option::Option::Some(#private::Until::AnyFail)
            },
            retries: 2u32,
            weight: ::core::option::Option::Some(8u32),
            exclusive: true,
            own_dirs: true,
        };
        assert_eq!(config.fields().to_string(), fields.to_string());
    }

    #[test]
    fn each_mistake_is_told_once() {
        assert_eq!(mistakes(quote!(nodes = 0, connection = tcp, timetrap = 30, worker_threads = 0)).len(), 5);
        assert_eq!(mistakes(quote!(flavor = "multi", worker_threads = 2)).len(), 1);
        assert_eq!(mistakes(quote!(nodes = -1)).len(), 1);
        assert_eq!(
            mistakes(quote!(retries = 101, weight = 0, exclusive = true, repeat = 1, repeat_until_any_ok = 2)).len(),
            4
        );
        assert_eq!(mistakes(quote!(leaks = "ignore")), ["`leaks` is \"report\" or \"fail\": write one of them"]);
        assert_eq!(mistakes(quote!(own_dirs)).len(), 1);
        // A mistake in the number is enough.
        assert_eq!(mistakes(quote!(own_dirs, nodes = 0)).len(), 1);
        assert_eq!(mistakes(quote!(nodes = 99999999999)), ["at most 1000 nodes: start more of them with `ct_peer!`"]);
    }
}
