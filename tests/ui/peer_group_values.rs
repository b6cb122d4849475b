use peer::prelude::*;

#[peer_group(sequence = true, repeat, timetrap = 30)]
mod wrong {}

#[peer_group(repeat = "3", shuffle, shuffle, timetrap = "0s")]
mod wrong_too {}

fn main() {}
