//! The values of arguments, as fields of the tables' entries. One name means the same in each attribute.

use std::ops::RangeInclusive;
use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Lit;

use crate::args::{Argument, Arguments};
use crate::errors::Errors;
use crate::path;

/// `StartOptions` start more nodes than this; as an argument it is a typing error.
const MOST_NODES: u32 = 1000;

/// How often a test or a group runs, and until what.
pub(crate) const REPEATS: [&str; 5] = [
    "repeat = 3",
    "repeat_until_any_fail = 100",
    "repeat_until_any_ok = 3",
    "repeat_until_all_fail = 100",
    "repeat_until_all_ok = 3",
];

/// The fields that the arguments set; all others keep their default.
pub(crate) fn fields(arguments: &Arguments, errors: &mut Errors) -> TokenStream {
    let repeats: Vec<&Ident> = arguments
        .0
        .iter()
        .map(|argument| &argument.name)
        .filter(|name| name.to_string().starts_with("repeat"))
        .collect();
    if let [first, rest @ ..] = &repeats[..] {
        rest.iter().for_each(|second| errors.at(second, format!("`{first}` says how often already: remove one")));
    }
    arguments.0.iter().filter_map(|argument| field(argument, errors)).collect()
}

fn field(argument: &Argument, errors: &mut Errors) -> Option<TokenStream> {
    let private = path::private();
    let key = &argument.name;
    let name = key.to_string();
    let value = match name.as_str() {
        "nodes" => number(argument, 1..=MOST_NODES, errors)?,
        "retries" => number(argument, 0..=100, errors)?,
        "weight" => some(&number(argument, 1..=MOST_NODES, errors)?),
        "worker_threads" => {
            let number = number(argument, 1..=u32::MAX, errors)?;
            some(&quote!(#number as usize))
        }
        "connection" => match one_of(argument, ["stdio", "tcp"], errors)? {
            0 => quote!(#private::Connection::StandardIo),
            _ => quote!(#private::Connection::Tcp(0)),
        },
        "flavor" => match one_of(argument, ["current_thread", "multi_thread"], errors)? {
            0 => quote!(#private::Flavor::CurrentThread),
            _ => quote!(#private::Flavor::MultiThread),
        },
        "leaks" => match one_of(argument, ["report", "fail"], errors)? {
            0 => quote!(#private::Leaks::Report),
            _ => quote!(#private::Leaks::Fail),
        },
        "timetrap" => timetrap(argument, errors)?,
        "shuffle" => return shuffle(argument, errors),
        "exclusive" | "own_dirs" | "sequence" => quote!(true),
        "everywhere" | "parallel" => return None,
        _ => return repeat(&name, argument, errors),
    };
    Some(quote!(#key: #value,))
}

fn repeat(name: &str, argument: &Argument, errors: &mut Errors) -> Option<TokenStream> {
    let private = path::private();
    let rounds = number(argument, 0..=u32::MAX, errors)?;
    let until = match name.strip_prefix("repeat_until_") {
        Some("any_fail") => "AnyFail",
        Some("any_ok") => "AnyOk",
        Some("all_fail") => "AllFail",
        Some(_) => "AllOk",
        None => return Some(quote!(repeat: #private::Repeat { rounds: #rounds, ..#private::Repeat::ONCE },)),
    };
    let until = Ident::new(until, Span::call_site());
    let until = some(&quote!(#private::Until::#until));
    Some(quote!(repeat: #private::Repeat { rounds: #rounds, until: #until },))
}

fn shuffle(argument: &Argument, errors: &mut Errors) -> Option<TokenStream> {
    if argument.value.is_empty() {
        return Some(quote!(shuffle: true,));
    }
    let seed: Option<u64> = match literal(argument) {
        Some(Lit::Int(seed)) if seed.suffix().is_empty() => seed.base10_parse().ok(),
        _ => None,
    };
    if seed.is_none() {
        errors.at(&argument.value, "a seed is a whole number from 0: write `shuffle = 42`");
    }
    let seed = some(&quote!(#seed));
    Some(quote!(shuffle: true, seed: #seed,))
}

fn some(value: &TokenStream) -> TokenStream {
    quote!(::core::option::Option::Some(#value))
}

fn literal(argument: &Argument) -> Option<Lit> {
    syn::parse2(argument.value.clone()).ok()
}

fn text(argument: &Argument) -> Option<String> {
    match literal(argument) {
        Some(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

/// A number within these bounds.
fn number(argument: &Argument, allowed: RangeInclusive<u32>, errors: &mut Errors) -> Option<TokenStream> {
    let number = match literal(argument) {
        Some(Lit::Int(number)) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| allowed.contains(number));
    if number.is_none() {
        let Argument { name, example, .. } = argument;
        let bounds = match (allowed.start(), allowed.end()) {
            (least, &u32::MAX) => format!("from {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        errors.at(&argument.value, format!("`{name}` is a number {bounds}: write `{example}`"));
    }
    number.map(|number| quote!(#number))
}

/// Which one of two texts it is.
fn one_of(argument: &Argument, allowed: [&str; 2], errors: &mut Errors) -> Option<usize> {
    let text = text(argument);
    let found = allowed.iter().position(|allowed| text.as_deref() == Some(allowed));
    if found.is_none() {
        let ([first, second], name) = (allowed, &argument.name);
        errors.at(&argument.value, format!("write `{name} = \"{first}\"` or `{name} = \"{second}\"`"));
    }
    found
}

fn timetrap(argument: &Argument, errors: &mut Errors) -> Option<TokenStream> {
    match text(argument).as_deref().and_then(duration) {
        Some(Duration::MAX) => Some(some(&quote!(::core::time::Duration::MAX))),
        Some(duration) => {
            let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            Some(some(&quote!(::core::time::Duration::from_millis(#milliseconds))))
        }
        None => {
            errors.at(
                &argument.value,
                "write a time such as \"30s\", \"500ms\", \"2m\" or \"1h\", or \"off\" for no limit",
            );
            None
        }
    }
}

/// A number with its unit, not 0; `off` is the longest time there is.
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
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(milliseconds)?;
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, time) in [
            ("30s", Some(Duration::from_secs(30))),
            ("500ms", Some(Duration::from_millis(500))),
            ("2m", Some(Duration::from_secs(120))),
            ("1h", Some(Duration::from_secs(3600))),
            ("off", Some(Duration::MAX)),
            ("0s", None),
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
}
