//! The check of all options, before anything is spawned.

use std::ffi::OsStr;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;

use super::{Connection, EnvValue, Exec, Input, ReadyCondition, Shutdown, StartOptions};
use crate::error::Error;
use crate::name;
use crate::timeouts::{SHORTEST_SHUTDOWN, display};

/// The limits of the frame limit: what the protocol itself needs, and what a length in four bytes can say.
const FRAME_LIMITS: std::ops::RangeInclusive<usize> = 4096..=u32::MAX as usize;

const NUL: &str = "a NUL byte ends a C string early";

fn refuse(option: &str, value: impl Display, fault: impl Display) -> Result<(), Error> {
    Err(Error::option(option, value, fault))
}

impl StartOptions {
    pub(crate) fn verify(&self) -> Result<(), Error> {
        if let Some((name, fault)) = self.name.as_ref().and_then(|name| Some((name, name::fault(name)?))) {
            return refuse("name", format!("{name:?}"), fault);
        }
        self.verify_host()?;
        if let Some((exec, fault)) = self.exec.as_ref().and_then(|exec| Some((exec, exec.fault()?))) {
            return refuse("exec", exec, fault);
        }
        self.verify_program()?;
        self.verify_directory()?;
        if let Some(arg) = self.args.iter().find(|arg| has_nul(arg)) {
            return refuse("args", format!("{arg:?}"), NUL);
        }
        for (key, value) in &self.env {
            if key.is_empty() || has_nul(key) || key.as_bytes().contains(&b'=') {
                let fault = "a variable's name is not empty, and has no `=` and no NUL byte";
                return refuse("env", format!("{key:?}"), fault);
            }
            if matches!(value, EnvValue::Set(value) if has_nul(value)) {
                return refuse("env", format!("{key:?}"), "its value has a NUL byte");
            }
        }
        if let Shutdown::HaltWithin(within) | Shutdown::Graceful(within) = self.shutdown
            && within < SHORTEST_SHUTDOWN
        {
            let fault = format!("at least {}, or peer::UNLIMITED", display(SHORTEST_SHUTDOWN));
            return refuse("shutdown", self.shutdown, fault);
        }
        if self.detached == Some(false) && self.connection == Connection::StandardIo {
            let fault = "standard I/O is the control connection; use Connection::Tcp(0) to keep the terminal";
            return refuse("detached", false, fault);
        }
        if self.detached == Some(false) && self.input == Input::Fed {
            let fault = "a node that keeps the terminal reads there; leave out `detached: false` to feed it";
            return refuse("input", "Fed", fault);
        }
        match self.frame_limit {
            Some(limit) if !FRAME_LIMITS.contains(&limit) => {
                let fault = format!("between {} and {} bytes", FRAME_LIMITS.start(), FRAME_LIMITS.end());
                refuse("frame_limit", limit, fault)
            }
            _ => Ok(()),
        }
    }

    /// Makes paths absolute, so that a restart finds them wherever the origin is by then.
    pub(crate) fn settled(mut self) -> Result<Self, Error> {
        if let Some(dir) = &self.current_dir {
            let absolute = std::path::absolute(dir);
            self.current_dir = Some(absolute.map_err(|error| Error::option("current_dir", format!("{dir:?}"), error))?);
        }
        Ok(self)
    }

    fn verify_directory(&self) -> Result<(), Error> {
        let Some(dir) = &self.current_dir else { return Ok(()) };
        let value = format!("{dir:?}");
        if self.own_dir {
            return refuse(
                "current_dir",
                value,
                "it runs in another directory then; leave out `own_dir`, or `current_dir`",
            );
        }
        if has_nul(dir.as_os_str()) {
            return refuse("current_dir", value, NUL);
        }
        match std::fs::metadata(dir) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => refuse("current_dir", value, "it is no directory"),
            Err(error) => Err(Error::option("current_dir", value, error).hint("create it first")),
        }
    }

    /// Refuses what only a node has beside `program`, and `ready` without it.
    fn verify_program(&self) -> Result<(), Error> {
        let Some(program) = &self.program else {
            let fault = "a node is ready when it says that it is started; only a `program` is watched";
            return self.ready.as_ref().map_or(Ok(()), |ready| refuse("ready", ready, fault));
        };
        if let Some(fault) = program.fault() {
            return refuse("program", program, fault);
        }
        let of_nodes = [
            ("exec", self.exec.as_ref().map(Exec::to_string), "it starts a node, and `program` a program that is none"),
            (
                "connection",
                (self.connection != Connection::StandardIo).then(|| format!("{:?}", self.connection)),
                "a program that is no node has no control connection",
            ),
            (
                "detached",
                self.detached.filter(|detached| !detached).map(|detached| detached.to_string()),
                "the console of a program that is no node is always read by its origin",
            ),
            (
                "frame_limit",
                self.frame_limit.map(|limit| limit.to_string()),
                "a program that is no node has no messages",
            ),
        ];
        for (option, value, fault) in of_nodes {
            if let Some(value) = value {
                return refuse(option, value, format!("{fault}; leave it out, or `program`"));
            }
        }
        match &self.ready {
            Some(ready) => ready.0.fault().map_or(Ok(()), |fault| refuse("ready", ready, fault)),
            None => Ok(()),
        }
    }

    fn verify_host(&self) -> Result<(), Error> {
        let Some(host) = &self.host else {
            if self.longnames == Some(true) && self.exec.is_none() && !name::full_host().contains('.') {
                let fault = format!("this machine's name `{}` has no domain; set `host`", name::full_host());
                return refuse("longnames", true, fault);
            }
            return Ok(());
        };
        let fault = match (self.longnames, host.contains('.')) {
            _ if host.contains('@') => Some("it contains `@`; the part before it is the option `name`"),
            _ if name::fault(host).is_some() => name::fault(host),
            (Some(true), false) => Some("a long name needs a domain, such as \"db1.test\""),
            (Some(false), true) => Some("a short name has no domain; leave out `longnames: false`"),
            _ => None,
        };
        fault.map_or(Ok(()), |fault| refuse("host", format!("{host:?}"), fault))
    }
}

impl Exec {
    /// Why it cannot be executed, if that is certain.
    fn fault(&self) -> Option<&'static str> {
        if self.program.as_os_str().is_empty() {
            return Some("the program is empty");
        }
        (has_nul(self.program.as_os_str()) || self.args.iter().any(|arg| has_nul(arg))).then_some(NUL)
    }
}

impl ReadyCondition {
    /// Why it never comes, if that is certain.
    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Line(text) if text.is_empty() => Some("every line contains it; `Ready::Spawned` waits for none"),
            Self::Line(text) if text.contains('\n') => Some("no line contains the end of a line"),
            Self::Tcp(at) if at.port() == 0 => Some("nothing listens on port 0; give the one that the program uses"),
            Self::File(path) if path.as_os_str().is_empty() => Some("the path is empty"),
            Self::Probe(command) => command.fault(),
            _ => None,
        }
    }
}

fn has_nul(text: &OsStr) -> bool {
    text.as_bytes().contains(&0)
}
