//! Which parts of a bench are to run.

use crate::Outcome;

/// Those that `PEER_BENCH` names, with commas between, in the order of `all`; all of them if it names none.
pub(crate) fn chosen(all: &[&'static str]) -> Outcome<Vec<&'static str>> {
    let chosen = std::env::var("PEER_BENCH").unwrap_or_default();
    let chosen: Vec<&str> = chosen.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if let Some(unknown) = chosen.iter().find(|part| !all.contains(part)) {
        return Err(format!("PEER_BENCH: no part `{unknown}`; there are {}", all.join(", ")).into());
    }
    Ok(all.iter().copied().filter(|part| chosen.is_empty() || chosen.contains(part)).collect())
}
