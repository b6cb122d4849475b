use peer::prelude::*;

#[peer_test(nodes = 2, connection = "udp")]
async fn udp(_nodes: Nodes) {}

#[peer_test(nodes = 2, connection = Connection::Tcp(0))]
async fn expression(_nodes: Nodes) {}

fn main() {}
