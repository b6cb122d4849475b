//! What the values of arguments may be that several attributes have.

use std::ops::RangeInclusive;
use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Lit;

use crate::args::{Argument, Known};
use crate::errors::Errors;
use crate::path;

/// More nodes than this are a slip of the finger: `StartOptions` start as many as somebody wants.
pub(crate) const MOST_NODES: u32 = 1000;

/// The ways to say how often something is run.
pub(crate) const REPEATS: [Known; 5] = [
    Known { name: "repeat", example: "repeat = 3" },
    Known { name: "repeat_until_any_fail", example: "repeat_until_any_fail = 100" },
    Known { name: "repeat_until_any_ok", example: "repeat_until_any_ok = 3" },
    Known { name: "repeat_until_all_fail", example: "repeat_until_all_fail = 100" },
    Known { name: "repeat_until_all_ok", example: "repeat_until_all_ok = 3" },
];

/// How often something is run, told at most once.
#[derive(Default)]
pub(crate) struct Repeat {
    told: Option<(String, u32)>,
}

impl Repeat {
    /// Takes the argument if it is one of those.
    pub(crate) fn take(&mut self, argument: &Argument, errors: &mut Errors) -> bool {
        let name = argument.name.to_string();
        if !REPEATS.iter().any(|known| known.name == name) {
            return false;
        }
        if let Some((other, _)) = &self.told {
            errors.at(&argument.name, format!("`{other}` says already how often: remove one of the two"));
        } else if let Some(rounds) = integer(argument) {
            self.told = Some((name, rounds));
        } else {
            errors.at(&argument.value, format!("a number of rounds stands here: `{name} = 3`"));
        }
        true
    }

    /// The value for the table.
    pub(crate) fn expression(&self) -> TokenStream {
        let private = path::private();
        let Some((name, rounds)) = &self.told else { return quote!(#private::Repeat::ONCE) };
        let until = match name.as_str() {
            "repeat_until_any_fail" => Some(quote!(AnyFail)),
            "repeat_until_any_ok" => Some(quote!(AnyOk)),
            "repeat_until_all_fail" => Some(quote!(AllFail)),
            "repeat_until_all_ok" => Some(quote!(AllOk)),
            _ => None,
        };
        let until = option(until.map(|until| quote!(#private::Until::#until)));
        quote!(#private::Repeat { rounds: #rounds, until: #until })
    }
}

/// A duration for the table, if there is one.
pub(crate) fn duration_expression(duration: Option<Duration>) -> TokenStream {
    option(duration.map(|duration| {
        if duration == Duration::MAX {
            return quote!(::core::time::Duration::MAX);
        }
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        quote!(::core::time::Duration::from_millis(#milliseconds))
    }))
}

pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

pub(crate) fn timetrap(argument: &Argument, errors: &mut Errors) -> Option<Duration> {
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
pub(crate) fn one_of(argument: &Argument, allowed: [&'static str; 2], errors: &mut Errors) -> Option<&'static str> {
    let text = text(argument);
    let found = allowed.into_iter().find(|allowed| text.as_deref() == Some(allowed));
    if found.is_none() {
        let [first, second] = allowed;
        errors.at(&argument.value, format!("`{}` is \"{first}\" or \"{second}\": write one of them", argument.name));
    }
    found
}

pub(crate) fn integer(argument: &Argument) -> Option<u32> {
    match syn::parse2(argument.value.clone()) {
        Ok(Lit::Int(number)) if number.suffix().is_empty() && !number.base10_digits().starts_with('-') => {
            // What does not fit is a number all the same, and too large for everything here.
            Some(number.base10_parse().unwrap_or(u32::MAX))
        }
        _ => None,
    }
}

/// A number within bounds; `example` is one.
pub(crate) fn number(
    argument: &Argument,
    allowed: RangeInclusive<u32>,
    example: u32,
    errors: &mut Errors,
) -> Option<u32> {
    let number = integer(argument).filter(|number| allowed.contains(number));
    if number.is_none() {
        let (name, least, most) = (&argument.name, allowed.start(), allowed.end());
        errors.at(&argument.value, format!("a number from {least} to {most} stands here: `{name} = {example}`"));
    }
    number
}

/// For how many nodes something counts.
pub(crate) fn weight(argument: &Argument, example: u32, errors: &mut Errors) -> Option<u32> {
    number(argument, 1..=MOST_NODES, example, errors)
}

/// Where an order by chance comes from, if the argument says so.
pub(crate) fn seed(argument: &Argument, errors: &mut Errors) -> Option<u64> {
    if argument.value.is_empty() {
        return None;
    }
    let seed = match syn::parse2(argument.value.clone()) {
        Ok(Lit::Int(number)) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    };
    if seed.is_none() {
        errors.at(&argument.value, "a seed is a whole number, from 0 up: `shuffle = 42`");
    }
    seed
}

pub(crate) fn text(argument: &Argument) -> Option<String> {
    match syn::parse2(argument.value.clone()) {
        Ok(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
