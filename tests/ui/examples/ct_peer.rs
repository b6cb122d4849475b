use peer::prelude::*;

async fn start(options: StartOptions) -> peer::Result {
    let _ = ct_peer!().await?;
    let _ = ct_peer!([]).await?;
    let _ = ct_peer!(["--shard", "3"],).await?;
    let _ = ct_peer!({}).await?;
    let _ = ct_peer!({ name: ct_peer_name!("other"), peer_down: PeerDown::Crash, }).await?;
    let _ = ct_peer!(options).await?;
    Ok(())
}

fn main() {
    let _ = start;
    let _ = (ct_peer_name!(), ct_peer_name!(String::from("case")));
}
