//! The fuzz targets with a bounded number of inputs: the corpus, and inputs made from it.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::{TARGETS, seeds};

/// Inputs for each target: together a few seconds in an unoptimised build.
const CASES: u32 = 1500;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The kept inputs for a target, with the names of their files.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| {
        let path = entry.expect("an entry of the corpus").path();
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, input)
    });
    files.collect()
}

/// Adds the seeds to the corpus, for the fuzzers to begin with.
fn write_seeds(target: &str) {
    let folder = folder().join("corpus").join(target);
    fs::create_dir_all(&folder).expect("the corpus");
    for (index, seed) in seeds::of(target).iter().enumerate() {
        fs::write(folder.join(format!("seed-{index}")), seed).expect("a seed");
    }
}

#[test]
fn the_kept_corpus_holds() {
    for (name, target) in TARGETS {
        if std::env::var_os("SEEDS").is_some_and(|what| what == "write") {
            write_seeds(name);
        }
        let seeds = seeds::of(name).into_iter().enumerate().map(|(at, seed)| (format!("{name}, seed {at}"), seed));
        let kept = corpus(name).into_iter().map(|(path, input)| (path.display().to_string(), input));
        for (from, inputs) in [("seeds", seeds.collect::<Vec<_>>()), ("kept inputs", kept.collect())] {
            let good = inputs.iter().filter(|(input, bytes)| {
                println!("{input}"); // shown if it does not hold
                target(bytes)
            });
            assert!(good.count() > 0, "{name}: none of {} {from} is good for anything", inputs.len());
        }
    }
}

#[test]
fn wire_never_panics() {
    for (name, target) in TARGETS {
        let kept: Vec<_> =
            seeds::of(name).into_iter().chain(corpus(name).into_iter().map(|(_, input)| input)).collect();
        let good = Cell::new(0);
        // What does not hold is shown, as short as it gets: that belongs into the corpus, and not into a file of its own.
        let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let run = runner.run(&inputs(kept), |input| {
            good.set(good.get() + u32::from(target(&input)));
            Ok(())
        });
        run.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(good.get() > 0, "{name}: no input was good for anything");
    }
}

/// Any bytes; and kept inputs, two of them joined, changed in some places, and cut off.
fn inputs(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let joined =
        (select(kept.clone()), any::<Index>(), select(kept), any::<Index>()).prop_map(|(one, to, other, from)| {
            let (to, from) = (to.index(one.len() + 1), from.index(other.len() + 1));
            [&one[..to], &other[from..]].concat()
        });
    let changed = (joined, vec((any::<Index>(), any::<u8>()), 0..4)).prop_map(|(mut input, changes)| {
        for (place, byte) in changes {
            if !input.is_empty() {
                let place = place.index(input.len());
                input[place] = byte;
            }
        }
        input
    });
    prop_oneof![1 => vec(any::<u8>(), 0..200), 4 => changed]
}

#[test]
fn every_target_has_its_fuzzer() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "fuzz/Cargo.toml has no binary `{name}`");
        let source = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).expect(name);
        assert!(source.contains(&format!("peer_runtime::fuzz::{name}(")), "fuzz_targets/{name}.rs runs something else");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len(), "a fuzzer without a line in TARGETS");
}
