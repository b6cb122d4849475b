use peer::prelude::*;

#[peer_test]
async fn passes() {}

mod a {
    peer::main!(timetrap = 30);
}

mod b {
    peer::main!(timetrap = "soon");
}

mod c {
    peer::main!(timetrap = "0s");
}

mod d {
    peer::main!(timetrap = "1s", timetrap = "2s");
}

mod e {
    peer::main!(timetrapp = "1s");
}

mod f {
    peer::main!(timetrap);
}

mod g {
    peer::main!(weight = 0);
}

mod h {
    peer::main!(weight = "3", timetrap = "1s");
}

fn main() {}
