#![allow(missing_docs, reason = "a test")]
use peer::prelude::*;
#[remote]
fn sum(values: Vec<u64>) -> u64 {
    values.iter().sum()
}
#[remote]
async fn asum(a: u32, b: String) -> Result<String, String> {
    if a == 0 { Err("zero".into()) } else { Ok(format!("{a}{b}")) }
}
#[remote]
fn boom(a: u32) -> u32 {
    panic!("boom {a}")
}
#[peer_test(nodes = 4)]
async fn every_node_adds_up(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        assert_eq!(node.call(sum, (vec![1, 2, 3],)).await?, 6);
        assert_eq!(node.call(asum, (1, "x".to_owned())).await?, Ok("1x".to_owned()));
    }
    Ok(())
}
#[peer_test(nodes = 2, connection = "tcp")]
async fn tcp(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        assert_eq!(node.call(sum, (vec![1, 2, 3],)).await?, 6);
        let e = node.call(boom, (7,)).await.unwrap_err();
        assert!(e.is_panic());
        eprintln!("{e}");
    }
    Ok(())
}
#[peer_test(nodes = 2)]
#[ignore]
async fn failing(nodes: Nodes) -> peer::Result {
    nodes[1].call(boom, (3,)).await?;
    Ok(())
}
