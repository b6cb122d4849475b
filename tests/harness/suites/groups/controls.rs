//! What nodes print, and what tests say, commands no terminal.

use peer::prelude::*;

/// Switches to another screen, clears it, and names the window.
const COMMANDS: &str = "\u{1b}[?1049h\u{1b}[2J\u{1b}]0;mine\u{7}";

#[remote]
fn print() {
    println!("{COMMANDS}starts\n\u{1b}[1;31mERROR no disk\nnor tape\r\n10%\r20%\r\n\tdone");
}

#[remote]
fn boom() {
    panic!("{COMMANDS}no quorum");
}

#[peer_test(nodes = 1)]
async fn is_printed(nodes: Nodes) -> peer::Result {
    nodes[0].call(print, ()).await?;
    Err("as it has to")?
}

#[peer_test]
async fn panics() {
    peer::comment(format!("{COMMANDS}seed 42"));
    panic!("{COMMANDS}no quorum");
}

#[peer_test(nodes = 1)]
async fn is_said_in_a_node(nodes: Nodes) -> peer::Result {
    Ok(nodes[0].call(boom, ()).await?)
}

#[peer_test]
async fn is_why_it_is_skipped() {
    peer::skip(format!("{COMMANDS}no tun device here\rbut another one"));
}
