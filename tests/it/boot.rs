//! Starting nodes: options, executables, names, what a node finds, and boots that fail.

mod exec;
mod identity;
mod options;
mod refused;
mod start;
