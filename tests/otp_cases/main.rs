//! OTP's own cases (`peer_SUITE.erl`) and those that its users would have needed, over both control connections.
//!
//! Left out, because they need what is later work:
//! - a plain start over distribution, `noconnection` and the end by disconnection; distribution up, down and up again
//!   beside a TCP control connection; the connection of two nodes on `localhost` and the real host; a peer without a name
//!   that becomes distributed later; the console over distribution: all need distribution.
//! - ssh to localhost, docker run: need ssh and docker.
//! - a previous release: needs another installed version of this crate.
//! - adding a code path: an executable has its code.
//! - killing the peer's channel handler: a thread cannot be killed alone; what aborts the process is in `calls`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests and what they run in nodes")]

mod calls;
mod console;
mod held;
mod scopes;
mod start;
mod stop;
mod util;

/// Each case of the table, for each connection that it is for.
macro_rules! cases {
    (both: $($module:ident :: $case:ident)*; tcp: $($tcp_module:ident :: $tcp_case:ident)*) => {
        mod stdio {
            use peer::prelude::*;
            $(
                #[peer_test]
                async fn $case() -> peer::Result {
                    crate::$module::$case(Connection::StandardIo).await
                }
            )*
        }
        mod tcp {
            use peer::prelude::*;
            $(
                #[peer_test]
                async fn $case() -> peer::Result {
                    crate::$module::$case(Connection::Tcp(0)).await
                }
            )*
            $(
                #[peer_test]
                async fn $tcp_case() -> peer::Result {
                    crate::$tcp_module::$tcp_case().await
                }
            )*
        }
    };
}

cases! {
    both:
    start::options_are_checked
    start::a_missing_executable_is_told_at_once
    start::a_failing_boot_tells_its_status
    start::a_boot_ended_by_a_signal_tells_it
    start::states_follow_the_boot
    start::a_failed_boot_is_notified
    start::four_nodes_boot_side_by_side
    start::a_name_in_use_is_refused_at_once
    start::host_is_a_label
    start::arguments_are_post_processed
    start::a_slow_starter_leaves_nothing_behind
    start::a_dropped_start_leaves_nothing_behind
    start::a_prefix_may_stay
    start::boot_steps_are_told
    start::stopped_while_booting
    calls::basic
    calls::cast_takes_effect
    calls::a_message_for_nobody_kills_nobody
    calls::a_stray_message_kills_no_control_process
    calls::a_message_of_another_type_is_lost_alone
    calls::calls_in_flight_fail_with_the_node
    calls::calls_to_a_peer_that_is_down_fail_at_once
    calls::a_late_reply_reaches_nobody
    calls::panics_in_drop_are_told
    calls::a_panic_while_panicking_ends_the_node
    calls::a_killed_task_is_told
    calls::peer_down_continue
    calls::a_call_is_sent_when_it_is_polled
    stop::busy
    stop::blocked_close
    stop::blocked_halt
    stop::blocked_halt_within
    stop::blocked_graceful
    stop::blocked_unlimited
    stop::frozen_close
    stop::frozen_halt
    stop::frozen_halt_within
    stop::frozen_graceful
    stop::frozen_unlimited
    stop::stopped_twice_at_once
    stop::a_dropped_stop_goes_on
    stop::the_first_reason_wins
    stop::graceful_runs_the_hooks
    stop::graceful_is_cut_off
    stop::what_was_sent_is_handed_over
    console::everything_printed_is_relayed
    console::any_bytes_may_be_printed
    console::half_a_character_may_be_read
    console::two_readers_share_the_input
    console::input_is_empty_unless_fed
    scopes::crash_takes_the_program_down
    ;
    tcp:
    start::a_taken_port_is_told_at_once
    start::a_port_is_free_again
    start::strangers_do_not_delay_the_boot
    console::a_node_that_is_not_detached_keeps_the_terminal
}
