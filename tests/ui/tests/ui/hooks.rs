use peer::prelude::*;

#[init_per_suite(sequence)]
async fn prepare() {}

#[end_per_suite]
struct Sweep;

#[init_per_group]
fn not_async<T>() {}

#[end_per_testcase]
const unsafe extern "C" fn is_const() {}

fn main() {}
