//! What a test returns: any error, with the place where `?` met it.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// The failure of a test: takes `?` from any error, and remembers the line of the `?`.
///
/// It is no `std::error::Error` itself, so it can be made from all of them.
///
/// ```
/// fn parse() -> peer::Result<u32> {
///     Ok("seven".parse::<u32>()?)
/// }
/// let failure = parse().unwrap_err();
/// assert!(failure.to_string().contains("invalid digit"));
/// assert!(failure.location().to_string().contains(".rs:"));
/// ```
pub struct Failure {
    error: Box<dyn StdError + Send + Sync>,
    location: &'static Location<'static>,
    at: SystemTime,
}

/// Whether this process has met any.
static MADE: AtomicBool = AtomicBool::new(false);

pub(crate) fn has_been_made() -> bool {
    MADE.load(Ordering::Relaxed)
}

/// What a test returns; the error type of operations is [`Error`](crate::Error).
///
/// ```
/// fn checked() -> peer::Result { Ok(()) }
/// assert!(checked().is_ok());
/// ```
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Where the `?` stands that this failure comes from.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    pub(crate) fn at(&self) -> SystemTime {
        self.at
    }

    /// The error that `?` met.
    pub fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        MADE.store(true, Ordering::Relaxed);
        Self { error: error.into(), location: Location::caller(), at: SystemTime::now() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let mut causes = std::iter::successors(self.error.source(), |&error| error.source());
        causes.try_for_each(|error| write!(f, "\n  caused by: {error}"))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n  at {}", self.location)
    }
}
