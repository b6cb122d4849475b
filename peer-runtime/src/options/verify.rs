//! The check of all options, before anything is spawned.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{Connection, EnvValue, Exec, Input, Shutdown, StartOptions, limit};
use crate::error::Error;
use crate::name;
use crate::timeouts::SHORTEST_SHUTDOWN;

/// The largest frame limit: lengths travel in four bytes.
const LARGEST_FRAME: usize = u32::MAX as usize;
/// The smallest one: what the protocol itself needs.
const SMALLEST_FRAME: usize = 4096;

impl StartOptions {
    /// Checks every option; the error names the option and the value.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        if let Some(name) = &self.name
            && let Some(fault) = name::fault(name)
        {
            return Err(Error::option("name", format!("{name:?}"), fault));
        }
        self.verify_host()?;
        if let Some(exec) = &self.exec
            && let Some(fault) = exec.fault()
        {
            return Err(Error::option("exec", exec, fault));
        }
        self.verify_program()?;
        if let (true, Some(dir)) = (self.own_dir, &self.current_dir) {
            let fault = "it runs in another directory then; leave out `own_dir`, or `current_dir`";
            return Err(Error::option("current_dir", format!("{dir:?}"), fault));
        }
        if let Some(dir) = &self.current_dir {
            let value = || format!("{dir:?}");
            if has_nul(dir.as_os_str()) {
                return Err(Error::option("current_dir", value(), "a NUL byte ends a C string early"));
            }
            match std::fs::metadata(dir) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(Error::option("current_dir", value(), "it is no directory")),
                Err(error) => return Err(Error::option("current_dir", value(), error).hint("create it first")),
            }
        }
        if let Some(arg) = self.args.iter().find(|arg| has_nul(arg)) {
            return Err(Error::option("args", format!("{arg:?}"), "a NUL byte ends a C string early"));
        }
        for (key, value) in &self.env {
            if key.is_empty() || has_nul(key) || key.as_bytes().contains(&b'=') {
                return Err(Error::option(
                    "env",
                    format!("{key:?}"),
                    "a variable's name is not empty, and has no `=` and no NUL byte",
                ));
            }
            if let EnvValue::Set(value) = value
                && has_nul(value)
            {
                return Err(Error::option("env", format!("{key:?}"), "its value has a NUL byte"));
            }
        }
        if let Shutdown::HaltWithin(within) | Shutdown::Graceful(within) = self.shutdown
            && within < SHORTEST_SHUTDOWN
        {
            return Err(Error::option(
                "shutdown",
                self.shutdown,
                format!("at least {}, or peer::UNLIMITED", limit(SHORTEST_SHUTDOWN)),
            ));
        }
        if self.detached == Some(false) && self.connection == Connection::StandardIo {
            return Err(Error::option(
                "detached",
                false,
                "standard I/O is the control connection; use Connection::Tcp(0) to keep the terminal",
            ));
        }
        if self.detached == Some(false) && self.input == Input::Fed {
            let fault = "a node that keeps the terminal reads there; leave out `detached: false` to feed it";
            return Err(Error::option("input", "Fed", fault));
        }
        if let Some(limit) = self.frame_limit
            && !(SMALLEST_FRAME..=LARGEST_FRAME).contains(&limit)
        {
            return Err(Error::option(
                "frame_limit",
                limit,
                format!("between {SMALLEST_FRAME} and {LARGEST_FRAME} bytes"),
            ));
        }
        Ok(())
    }

    /// The same, whatever the origin's own directory will be: for a restart, too.
    pub(crate) fn settled(mut self) -> Result<Self, Error> {
        if let Some(dir) = &self.current_dir {
            let absolute = std::path::absolute(dir);
            self.current_dir = Some(absolute.map_err(|error| Error::option("current_dir", format!("{dir:?}"), error))?);
        }
        Ok(self)
    }

    /// A program that is no node has none of what only nodes have.
    fn verify_program(&self) -> Result<(), Error> {
        let Some(program) = &self.program else {
            return match &self.ready {
                Some(ready) => {
                    let fault = "a node is ready when it says that it is started; only a `program` is watched";
                    Err(Error::option("ready", ready, fault))
                }
                None => Ok(()),
            };
        };
        let refused = |option: &str, value: String, fault: &str| {
            Err(Error::option(option, value, format!("{fault}; leave it out, or `program`")))
        };
        if let Some(fault) = program.fault() {
            return Err(Error::option("program", program, fault));
        }
        if let Some(exec) = &self.exec {
            return refused("exec", exec.to_string(), "it starts a node, and `program` a program that is none");
        }
        if self.connection != Connection::StandardIo {
            let fault = "a program that is no node has no control connection";
            return refused("connection", format!("{:?}", self.connection), fault);
        }
        if self.detached == Some(false) {
            let fault = "the console of a program that is no node is always read by its origin";
            return refused("detached", "false".to_owned(), fault);
        }
        if let Some(limit) = self.frame_limit {
            return refused("frame_limit", limit.to_string(), "a program that is no node has no messages");
        }
        if let Some(ready) = &self.ready
            && let Some(fault) = ready.0.fault()
        {
            return Err(Error::option("ready", ready, fault));
        }
        Ok(())
    }

    fn verify_host(&self) -> Result<(), Error> {
        let Some(host) = &self.host else {
            if self.longnames == Some(true) && self.exec.is_none() && !name::full_host().contains('.') {
                let fault = format!("this machine's name `{}` has no domain; set `host`", name::full_host());
                return Err(Error::option("longnames", true, fault));
            }
            return Ok(());
        };
        let value = format!("{host:?}");
        if host.contains('@') {
            return Err(Error::option("host", value, "it contains `@`; the part before it is the option `name`"));
        }
        if let Some(fault) = name::fault(host) {
            return Err(Error::option("host", value, fault));
        }
        match (self.longnames, host.contains('.')) {
            (Some(true), false) => {
                Err(Error::option("host", value, "a long name needs a domain, such as \"db1.test\""))
            }
            (Some(false), true) => {
                Err(Error::option("host", value, "a short name has no domain; leave out `longnames: false`"))
            }
            _ => Ok(()),
        }
    }
}

impl Exec {
    /// What makes it nothing to execute, if anything does.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.program.as_os_str().is_empty() {
            Some("the program is empty")
        } else if has_nul(self.program.as_os_str()) || self.args.iter().any(|arg| has_nul(arg)) {
            Some("a NUL byte ends a C string early")
        } else {
            None
        }
    }
}

fn has_nul(text: &OsStr) -> bool {
    text.as_bytes().contains(&0)
}
