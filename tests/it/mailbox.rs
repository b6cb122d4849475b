//! Messages in both directions.

mod messages;
mod refused;
mod traffic;
