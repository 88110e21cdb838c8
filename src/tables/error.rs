//! What can go wrong with a table, by what a caller can do about it.

/// Why a table could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The stored bytes are not what was written, or the engine cannot read them. No row of these
    /// tables can be trusted: open them again and rebuild.
    #[error("the tables are damaged: {reason}")]
    Damaged {
        /// The engine's message.
        reason: String,
    },
    /// The disk is full. Nothing that was persisted is lost: open the tables again when there is
    /// space.
    #[error("no space is left for the tables")]
    Full,
    /// The operating system refused a read or a write. Tables on disk answer so until they are
    /// opened again, because what the engine holds in memory is not known any more.
    #[error("the tables cannot be read or written: {reason}")]
    Unavailable {
        /// The system's message.
        reason: String,
    },
    /// Another process, or another handle of this one, has these tables open.
    #[error("the tables in `{path}` are in use")]
    InUse { path: String },
    /// The table was dropped while this handle was held.
    #[error("table `{name}` was dropped")]
    Dropped { name: String },
    /// A view that is being rebuilt, or is still behind what it knew before, does not answer: rows
    /// that are not there yet would look like rows that do not exist. Try again later.
    #[error(
        "the view `{view}` is not up to date: it is at position {position}, and answers from {needed} on"
    )]
    NotReady {
        view: &'static str,
        /// Everything up to here is in its rows.
        position: u64,
        /// From here on it answers.
        needed: u64,
    },
    /// No table can have this name.
    #[error("`{name}` cannot name a table")]
    Name {
        /// The name, shortened if it was too long.
        name: String,
    },
}
