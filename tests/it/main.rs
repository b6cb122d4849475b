//! What the library does, by behaviour, under the stock harness: one executable for all of it.
//!
//! A test that needs a process of its own runs itself again: see [`driven!`].
//!
//! Cases that carry a doc comment "OTP" come from `peer_SUITE.erl`. What that suite has and this one lacks:
//! - distribution (a plain start over it, `noconnection`, a console over it, nodes that connect later): there is none yet;
//! - ssh and docker: they need both;
//! - a previous release: it needs another installed version of this crate;
//! - adding a code path: an executable has its code;
//! - killing the channel handler of a peer: a thread cannot be killed alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

#[macro_use]
mod support;

mod barrier;
mod boot;
mod call;
mod connection;
mod console;
mod everywhere;
mod fault;
mod keeper;
mod limits;
mod lints;
mod mailbox;
mod otp_manual;
mod place;
mod program;
mod promises;
mod scope;
mod stop;
