//! Figures that a run is held to, and whether it met them.

use crate::table::Table;

/// A figure, what it is held against, and how many times that it may be (or, for a rate, has to be).
pub(crate) struct Mark {
    pub(crate) text: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) against: Option<&'static str>,
    pub(crate) factor: f64,
    pub(crate) unit: &'static str,
    pub(crate) at_least: bool,
}

/// At most so many times another figure.
pub(crate) const fn most(text: &'static str, figure: &'static str, against: &'static str, factor: f64) -> Mark {
    Mark { text, figure, against: Some(against), factor, unit: "x", at_least: false }
}

/// Prints every mark for which this run has the figures.
pub(crate) fn print(table: &Table, marks: &[Mark]) {
    println!();
    for Mark { text, figure, against, factor, unit, at_least } in marks {
        let against = against.map_or(Some(1.0), |against| table.get(against));
        let (Some(figure), Some(against)) = (table.get(figure), against) else { continue };
        let ratio = figure / against;
        let met = if *at_least { ratio >= *factor } else { ratio <= *factor };
        println!("{:<8} {text:<62} {ratio:.2}{unit}", if met { "met" } else { "NOT MET" });
    }
}
