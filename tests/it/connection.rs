//! The control connection: strangers on its port, its secrets, its loss, and signs of life.

mod heartbeat;
pub(crate) mod lost;
mod secrets;
mod strangers;
