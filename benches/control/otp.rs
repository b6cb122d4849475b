//! OTP's own figures, where `erl` is installed.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::table::Table;

const SOURCE: &str = include_str!("otp_figures.erl");
/// The parts of which OTP's side knows something.
const PARTS: [&str; 5] = ["boot", "call", "throughput", "echo", "memory"];

/// OTP's side, compiled; its folder is removed with it.
pub(crate) struct Otp(PathBuf);

impl Otp {
    /// Compiles it; none where there is no OTP.
    pub(crate) fn prepare() -> Outcome<Option<Self>> {
        let otp = Self(std::env::temp_dir().join(format!("peer-bench-{}", std::process::id())));
        std::fs::create_dir_all(&otp.0)?;
        std::fs::write(otp.0.join("otp_figures.erl"), SOURCE)?;
        match Command::new("erlc").arg("otp_figures.erl").current_dir(&otp.0).status() {
            Ok(status) if status.success() => Ok(Some(otp)),
            Ok(status) => Err(format!("erlc: {status}").into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("(no erl on this machine: no figures of OTP, and no marks against them)");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Adds `otp_...` lines for one part, with their ratios to the floor of this run.
    pub(crate) fn run(&self, table: &mut Table, part: &str, suffix: &str) -> Outcome {
        if !PARTS.contains(&part) {
            return Ok(());
        }
        let call = format!("otp_figures:main(['{suffix}', {part}]).");
        let output = Command::new("erl").args(["-noshell", "-eval", &call]).current_dir(&self.0).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("erl: {}\n{text}", output.status).into());
        }
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, value, unit] = words[..] else { continue };
            let value = value.parse()?;
            // Boot has one floor for every connection.
            let floor = if name.starts_with("boot_") { "floor_boot".to_owned() } else { format!("floor_{name}") };
            table.figure(format!("otp_{name}"), value, unit, table.get(&floor));
        }
        Ok(())
    }
}

impl Drop for Otp {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
