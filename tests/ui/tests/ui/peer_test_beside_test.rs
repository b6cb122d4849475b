use peer::prelude::*;

#[peer_test]
#[test]
async fn twice() {}

#[peer_test]
#[tokio::test]
async fn with_tokio() {}

fn main() {}
