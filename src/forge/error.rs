//! Why a forge did not answer, or answered with an error.

use thiserror::Error;

/// See the module's documentation.
#[derive(Debug, Error)]
pub enum Error {
    /// An option or a variable.
    #[error("{0} is not the URL of an API; it must start with https://")]
    NotAUrl(String),
    /// A URL that would end up in messages.
    #[error("the URL of the API must not contain a user name or password; the token is enough")]
    Password,
    /// Plain HTTP to another machine.
    #[error("{0} is not encrypted and would expose the token; use https")]
    NotEncrypted(String),
    /// The network, or TLS.
    #[error("{call}: {message}")]
    Network {
        /// The method and the URL.
        call: String,
        /// The reason, without the token.
        message: String,
    },
    /// A rate limit or a temporary error that outlasted all attempts.
    #[error("{call}: {message}; try again later")]
    Temporary {
        /// The method and the URL.
        call: String,
        /// The reason, without the token.
        message: String,
    },
    /// An answer with an error status.
    #[error("{call}: the server answered {status}: {message}\n  {advice}")]
    Status {
        /// The method and the URL.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The message of the server, without the token.
        message: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// An answer in another format than the API's description says.
    #[error("the server did not answer with {0}; is this the URL of its API?")]
    Answer(&'static str),
}
