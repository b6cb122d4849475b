//! The figures of a run, printed as they come.

/// Every figure so far, by name.
pub(crate) struct Table(Vec<(String, f64)>);

impl Table {
    pub(crate) fn new() -> Self {
        println!("{:<34} {:>12} {:<5} ratio-to-floor", "name", "value", "unit");
        Self(Vec::new())
    }

    /// Adds and prints one figure; gives it back.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: f64, unit: &str, floor: Option<f64>) -> f64 {
        let name = name.into();
        let digits = if value < 100.0 { 2 } else { 0 };
        let ratio = floor.map_or_else(|| "-".to_owned(), |floor| format!("{:.2}", value / floor));
        println!("{name:<34} {value:>12.digits$} {unit:<5} {ratio}");
        self.0.push((name, value));
        value
    }

    /// The same for the median of some values, in a unit of which the value has `scale`.
    pub(crate) fn median(
        &mut self,
        name: impl Into<String>,
        values: &[f64],
        scale: f64,
        unit: &str,
        floor: Option<f64>,
    ) -> f64 {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let median = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
        self.figure(name, median * scale, unit, floor)
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}
