#![deny(warnings)]
#![allow(dead_code, unused_imports, unused_macros)]

use peer::prelude::*;

struct Cluster(Vec<Peer>);
struct Level(u32);

#[peer_group]
mod plain {}

#[peer_group]
mod r#type {
    use super::*;

    #[init_per_group]
    async fn r#type() {}
}

#[peer_group(weight = 1)]
#[cfg(unix)]
pub(crate) mod outer {
    #![allow(clippy::unused_async)]

    use super::*;

    /// Documented.
    #[init_per_group]
    pub(crate) async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(vec![ct_peer!().await?]))
    }

    #[cfg(unix)]
    #[end_per_group]
    async fn end_per_group(cluster: &Cluster, _all: &(u8, Vec<String>)) -> Result<(), String> {
        let _ = &cluster.0;
        Ok(())
    }

    #[cfg(not(unix))]
    #[end_per_group]
    async fn end_per_group() {}

    #[init_per_testcase]
    async fn set_a_level(_: &Cluster) -> Result<Level, std::io::Error> {
        Ok(Level(1))
    }

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus, Level(level): &Level, _: &'_ Cluster) {
        let _ = (status, level);
    }

    #[peer_test(nodes = 2, weight = 1000, retries = 100, repeat = 0, exclusive)]
    async fn takes_everything(cluster: &Cluster, nodes: Nodes, level: &Level) -> peer::Result {
        let _ = (&cluster.0, nodes, level.0);
        Ok(())
    }

    #[peer_group(sequence, shuffle, repeat_until_any_fail = 100, timetrap = "30s")]
    mod inner {
        use super::*;

        #[init_per_group]
        async fn init_per_group(level: &Level) -> &'static str {
            let _ = level.0;
            "text"
        }

        #[end_per_testcase]
        async fn end_per_testcase(_status: peer::TestStatus) {}

        #[peer_test(repeat_until_any_ok = 3)]
        #[should_panic]
        async fn sees_both(text: &&'static str, cluster: &Cluster) {
            let _ = (text, &cluster.0);
        }

        #[peer_group(parallel, repeat_until_all_fail = 3, timetrap = "off")]
        mod innermost {}

        #[peer_group(parallel, shuffle, repeat_until_all_ok = 3)]
        mod last {
            // A helper may have any form.
            fn prepare<T>(_: T) {}
            macro_rules! prepared {
                () => {};
            }
        }
    }
}

#[peer::init_per_suite]
async fn prepare() -> Result<Level, String> {
    Ok(Level(0))
}

#[peer::end_per_suite]
#[cfg(any())]
async fn never() {}

#[peer::end_per_suite]
pub(crate) async fn sweep(_: &Level) {}

mod written_by_a_macro {
    use peer::prelude::*;

    macro_rules! group {
        ($name:ident, $given:ty, $hook:item, $($test:ident),*) => {
            #[peer_group(sequence)]
            mod $name {
                use peer::prelude::*;

                $hook

                $(
                    #[peer_test]
                    async fn $test(given: &$given, by_reference: $given) {
                        let _ = (given, by_reference);
                    }
                )*
            }
        };
    }
    macro_rules! items {
        ($($item:item)*) => { $(#[peer_group] $item)* };
    }

    group!(
        numbers,
        u8,
        #[init_per_group]
        async fn start() -> u8 {
            7
        },
    );
    group!(
        texts,
        &String,
        #[init_per_group]
        async fn start() -> String {
            String::new()
        },
        first,
        second
    );
    items! {
        mod third {
            use peer::prelude::*;

            #[init_per_testcase]
            async fn init_per_testcase() {}
        }
    }
}

fn main() {}
