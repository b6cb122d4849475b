//! Orders by chance, one in the other: direct children are permuted, and a nested group moves as one.

use peer::prelude::*;

use crate::trace;

macro_rules! says {
    ($($name:ident)*) => {
        $(#[peer_test]
        async fn $name() {
            trace(concat!(module_path!(), "::", stringify!($name)));
        })*
    };
}

#[peer_group(sequence, shuffle, repeat = 3)]
mod outer {
    use super::*;

    says!(a b c d);

    #[peer_group(sequence)]
    mod listed {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            trace("suite_groups::shuffles::outer::listed::init");
        }

        #[end_per_group]
        async fn end_per_group() {
            trace("suite_groups::shuffles::outer::listed::end");
        }

        says!(a b c d);
    }

    #[peer_group(sequence, shuffle)]
    mod mixed {
        use super::*;

        says!(a b c d e f);
    }
}
