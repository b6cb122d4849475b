//! The marks of this stage, and whether a run met them.

use crate::table::Table;

/// A figure, what it is held against, and how many times that it may be (or, for a rate, has to be).
struct Mark {
    text: &'static str,
    figure: &'static str,
    against: Option<&'static str>,
    factor: f64,
    at_least: bool,
}

const fn most(text: &'static str, figure: &'static str, against: &'static str, factor: f64) -> Mark {
    Mark { text, figure, against: Some(against), factor, at_least: false }
}

const fn least(text: &'static str, figure: &'static str, against: &'static str, factor: f64) -> Mark {
    Mark { text, figure, against: Some(against), factor, at_least: true }
}

const MARKS: [Mark; 11] = [
    most("boot: at most 3x floor", "boot_stdio", "floor_boot", 3.0),
    most("call on standard I/O, one CPU: at most half of OTP's", "call_stdio_1cpu", "otp_call_stdio_1cpu", 0.5),
    most("call on standard I/O: at most half of OTP's", "call_stdio", "otp_call_stdio", 0.5),
    most("call on TCP, one CPU: no slower than OTP's", "call_tcp_1cpu", "otp_call_tcp_1cpu", 1.0),
    most("call on TCP: no slower than OTP's", "call_tcp", "otp_call_tcp", 1.0),
    least("calls per second, standard I/O: at least 3x OTP's", "calls_per_s_stdio", "otp_calls_per_s_stdio", 3.0),
    least("calls per second, TCP: at least 3x OTP's", "calls_per_s_tcp", "otp_calls_per_s_tcp", 3.0),
    most("1 MiB on standard I/O: at most 4x floor", "echo_1MiB_stdio", "floor_echo_1MiB_stdio", 4.0),
    most("1 MiB on TCP: at most 4x floor", "echo_1MiB_tcp", "floor_echo_1MiB_tcp", 4.0),
    Mark { text: "idle memory: at most 8 MB", figure: "idle_memory", against: None, factor: 8.0, at_least: false },
    most("500 peers: 1.5x floor (a later target)", "500_peers", "floor_500_processes", 1.5),
];

/// Prints every mark for which this run has the figures.
pub(crate) fn print(table: &Table) {
    println!();
    for mark in &MARKS {
        let against = mark.against.map_or(Some(1.0), |against| table.get(against));
        let (Some(figure), Some(against)) = (table.get(mark.figure), against) else { continue };
        let ratio = figure / against;
        let met = if mark.at_least { ratio >= mark.factor } else { ratio <= mark.factor };
        let unit = if mark.against.is_some() { "x" } else { " MB" };
        println!("{:<8} {:<56} {ratio:.2}{unit}", if met { "met" } else { "NOT MET" }, mark.text);
    }
}
