//! Calls and casts: what they bring back, and what fails them.

mod calls;
mod panics;
mod refused;
