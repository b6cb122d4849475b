//! What a run of this bench is held to.

use crate::marks::{Mark, most};

const fn least(text: &'static str, figure: &'static str, against: &'static str, factor: f64) -> Mark {
    Mark { text, figure, against: Some(against), factor, unit: "x", at_least: true }
}

pub(crate) const MARKS: [Mark; 11] = [
    most("boot: at most 3x floor", "boot_stdio", "floor_boot", 3.0),
    most("call on standard I/O, one CPU: at most half of OTP's", "call_stdio_1cpu", "otp_call_stdio_1cpu", 0.5),
    most("call on standard I/O: at most half of OTP's", "call_stdio", "otp_call_stdio", 0.5),
    most("call on TCP, one CPU: no slower than OTP's", "call_tcp_1cpu", "otp_call_tcp_1cpu", 1.0),
    most("call on TCP: no slower than OTP's", "call_tcp", "otp_call_tcp", 1.0),
    least("calls per second, standard I/O: at least 3x OTP's", "calls_per_s_stdio", "otp_calls_per_s_stdio", 3.0),
    least("calls per second, TCP: at least 3x OTP's", "calls_per_s_tcp", "otp_calls_per_s_tcp", 3.0),
    most("1 MiB on standard I/O: at most 4x floor", "echo_1MiB_stdio", "floor_echo_1MiB_stdio", 4.0),
    most("1 MiB on TCP: at most 4x floor", "echo_1MiB_tcp", "floor_echo_1MiB_tcp", 4.0),
    Mark {
        text: "idle memory: at most 8 MB",
        figure: "idle_memory",
        against: None,
        factor: 8.0,
        unit: " MB",
        at_least: false,
    },
    most("500 peers: 1.5x floor (a later target)", "500_peers", "floor_500_processes", 1.5),
];
