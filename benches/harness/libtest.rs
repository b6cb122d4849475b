//! A thousand empty tests of each kind: this file is a test target with the stock harness, and a part of the bench, too.
#![allow(missing_docs, dead_code, clippy::unused_async, reason = "tests")]

/// How many there are of each kind.
pub(crate) const TESTS: u32 = 1000;

macro_rules! ten {
    ($($test:tt)*) => {
        mod a { $($test)* }
        mod b { $($test)* }
        mod c { $($test)* }
        mod d { $($test)* }
        mod e { $($test)* }
        mod f { $($test)* }
        mod g { $($test)* }
        mod h { $($test)* }
        mod i { $($test)* }
        mod j { $($test)* }
    };
}

macro_rules! thousand {
    ($($test:tt)*) => {
        ten! { ten! { ten! { $($test)* } } }
    };
}

mod plain {
    thousand! {
        #[test]
        fn empty() {}
    }
}

mod with_peer {
    thousand! {
        #[peer::peer_test]
        async fn empty() {}
    }
}
