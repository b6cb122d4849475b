use peer::prelude::*;

#[peer_group(sequence = true, repeat, timetrap = 30)]
mod wrong {}

#[peer_group(repeat = "3", shuffle, shuffle, timetrap = "0s")]
mod wrong_too {}

#[peer_group(weight = 0)]
mod light {
    async fn init_per_group() {}
}

#[peer_group(weight)]
mod weightless {
    async fn init_per_group() {}
}

#[peer_group(weight = 1001, weight = 3)]
mod heavy {
    async fn init_per_group() {}
}

#[peer_group(weight = 3)]
mod without_an_init {
    async fn end_per_group() {}
}

fn main() {}
