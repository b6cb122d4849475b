#[peer::init_per_suite(sequence)]
async fn prepare() {}

#[peer::end_per_suite]
struct Sweep;

#[peer::end_per_suite]
fn sweep(_status: peer::TestStatus) {}

fn main() {}
