//! Stopping nodes: each policy, twice, while booting; and the reason that a peer is down.

mod ends;
mod gone;
mod policies;
mod reasons;
mod twice;
