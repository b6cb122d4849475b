//! The fuzz targets with a bounded number of inputs: the corpus, and inputs made from it.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::{TARGETS, seeds};

/// Inputs for each target: together a few seconds in an unoptimised build.
const CASES: u32 = 1500;

/// The seeds and the kept inputs of a target, each with a name.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut inputs = Vec::new();
    for (index, seed) in seeds::of(target).into_iter().enumerate() {
        if std::env::var_os("SEEDS").is_some_and(|what| what == "write") {
            fs::write(folder.join(format!("seed-{index}")), &seed).expect("a seed");
        }
        inputs.push((format!("{target}, seed {index}"), seed));
    }
    for entry in fs::read_dir(&folder).expect("the corpus") {
        let path = entry.expect("an entry of the corpus").path();
        inputs.push((path.display().to_string(), fs::read(&path).expect("a kept input")));
    }
    inputs
}

#[test]
fn the_kept_corpus_holds() {
    for (name, target) in TARGETS {
        let good = kept(name).into_iter().filter(|(input, bytes)| {
            println!("{input}"); // shown if it does not hold
            target(bytes)
        });
        assert!(good.count() > 0, "{name}: the decoder accepts none of them");
    }
}

#[test]
fn wire_never_panics() {
    for (name, target) in TARGETS {
        let kept = kept(name).into_iter().map(|(_, input)| input).collect();
        let good = Cell::new(0);
        // An input that fails is shown, as short as it gets: add it to the corpus.
        let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let run = runner.run(&inputs(kept), |input| {
            good.set(good.get() + u32::from(target(&input)));
            Ok(())
        });
        run.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(good.get() > 0, "{name}: the decoder accepts no input");
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
