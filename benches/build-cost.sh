#!/bin/bash
# Prints what `peer` adds to a clean `cargo test --no-run`: CPU seconds, and crates that tokio and serde do not have.
# `benches/build-cost.sh [ROUNDS]`; every build starts from an empty target folder, and the variants take turns.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR
# Cargo builds packages of a path incrementally, those of a registry never: users have the latter.
export CARGO_INCREMENTAL=0

# scratch NAME DEPENDENCY: a package with one test, which standard input holds.
scratch() {
    mkdir -p "$work/$1/src" "$work/$1/tests"
    : > "$work/$1/src/lib.rs"
    cat > "$work/$1/tests/one.rs"
    printf '[package]\nname = "scratch"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n[dependencies]\n%s\n' "$2" > "$work/$1/Cargo.toml"
    # The versions of this repository; cargo drops what the package does not use.
    cp "$root/Cargo.lock" "$work/$1/Cargo.lock"
    (cd "$work/$1" && cargo fetch --quiet)
}

scratch floor 'tokio = { version = "1.54.1", default-features = false, features = ["rt", "net", "macros"] }
serde = { version = "1", features = ["derive"] }' <<'RUST'
#[tokio::test]
async fn adds_up() {
    assert_eq!(1 + 1, 2);
}
RUST

remote='use peer::prelude::*;

#[remote]
fn sum(values: Vec<u64>) -> u64 {
    values.iter().sum()
}
'
scratch default "peer = { path = \"$root\" }" <<RUST
$remote
#[peer_test(nodes = 2)]
async fn every_node_adds_up(nodes: Nodes) -> peer::Result {
    assert_eq!(nodes[0].call(sum, (vec![1, 2, 3],)).await?, 6);
    Ok(())
}
RUST

scratch node "peer = { path = \"$root\", default-features = false, features = [\"node\"] }" <<RUST
$remote
#[test]
fn adds_up() {
    assert_eq!(sum(vec![1, 2, 3]), 6);
}
RUST

crates() {
    (cd "$work/$1" && cargo tree --edges normal,build --prefix none --format '{lib}') | awk 'NF { print $1 }' | sort -u | grep -v '^scratch$'
}

TIMEFORMAT='%U %S'
for ((round = 1; round <= rounds; round++)); do
    for variant in floor default node; do
        rm -rf "$work/$variant/target"
        (cd "$work/$variant" && { time cargo test --no-run --quiet 2> "$work/log" || { cat "$work/log"; exit 1; }; } 2>&1) |
            awk -v variant="$variant" 'NF == 2 { print variant, $1 + $2 }' >> "$work/times"
    done
done

crates floor > "$work/floor.crates"
printf '%-8s %12s %8s %13s\n' variant 'CPU seconds' ratio 'crates more'
floor=$(awk '$1 == "floor" { print $2 }' "$work/times" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
for variant in floor default node; do
    cpu=$(awk -v variant="$variant" '$1 == variant { print $2 }' "$work/times" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
    more=$(crates "$variant" | comm -13 "$work/floor.crates" - | wc -l)
    printf '%-8s %12.1f %8.2f %13s\n' "$variant" "$cpu" "$(awk "BEGIN { print $cpu / $floor }")" "$more"
done
