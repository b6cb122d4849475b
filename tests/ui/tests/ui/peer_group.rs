use peer::prelude::*;

#[peer_group]
#[allow(dead_code)]
pub async fn tests() {}

#[peer_group(sequence, parallel, sequenze)]
mod order {}

#[peer_group(repeat = 3, repeat_until_any_fail = 100, timetrap = 30)]
mod repeats {}

#[peer_group(shuffle = -1)]
mod below_zero {}

#[peer_group(shuffle = "dice", weight = 1001)]
mod no_number {}

#[peer_group(shuffle =, nodes = 3, sequence = true, weight)]
mod nothing {}

fn main() {}
