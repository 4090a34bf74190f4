//! What can go wrong before the page is served.

use std::{io, net::SocketAddr};

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no page. What goes wrong later is told to whoever asked for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address that other machines can reach.
    #[error(
        "{addr} can be reached from other machines; take a loopback address: 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        /// The address.
        addr: SocketAddr,
    },

    /// An address that is taken or not there.
    #[error("cannot listen on {addr}: {source}; take another port, or 0 for any that is free")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },

    /// The server's threads cannot be started.
    #[error(
        "cannot start the server's threads: {source}; look at this user's limits on processes and files"
    )]
    Threads {
        /// What the system says.
        source: io::Error,
    },

    /// The subject contradicts itself.
    #[error("the subject's {what} cannot be served: {fault}; {remedy}")]
    Subject {
        /// A field of [`About`](crate::About), the vocabulary, the progress or its checkpoints.
        what: &'static str,
        /// What is wrong with it.
        fault: String,
        /// What would do.
        remedy: &'static str,
    },
}
