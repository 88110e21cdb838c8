//! Why a text is not a spec.

use super::{EXPECTED_FORM, SPEC_BYTES_MAX};

/// Why a text is not a spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Longer than [`SPEC_BYTES_MAX`].
    #[error("the spec has {bytes} bytes; at most {SPEC_BYTES_MAX} are read")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// A control character, such as NUL.
    #[error("the spec has a control character at byte {offset}; expected `{EXPECTED_FORM}`")]
    ControlCharacter {
        /// Its offset in bytes.
        offset: usize,
    },
    /// A part is missing or wrong.
    #[error("{what}, at column {column}; expected `{EXPECTED_FORM}`")]
    Part {
        /// Where, in characters; the first is 1.
        column: usize,
        what: Part,
    },
}

/// The part of the text that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Part {
    /// No `@`, or nothing before it.
    #[error("the name is missing: no text before the first `@`")]
    Name,
    /// Nothing, or a space, after the first `@`.
    #[error("the version is missing: no text after `{name}@`")]
    Version {
        /// The name that was read before it.
        name: String,
    },
    /// No text between the version and ` arch=`.
    #[error(
        "the variants are missing: a space and at least one variant must follow `{name}@{version}`"
    )]
    Variants {
        /// The name that was read before them.
        name: String,
        /// The version that was read before them.
        version: String,
    },
    /// Text where the variants belong, but none of it is a variant.
    #[error(
        "the variants are wrong: `{text}` has none of `+flag`, `~flag`, `key=value`, `key=a,b`"
    )]
    NoVariant {
        /// The text between version and arch.
        text: String,
    },
    /// A value that begins with a quote and does not end with it.
    #[error("the variants are wrong: the quote of `{text}` is not closed at the end of the value")]
    OpenQuote { text: String },
    /// No ` arch=`, or nothing between it and `%`.
    #[error("the arch is missing: no ` arch=<arch>` after the variants")]
    Arch,
    /// No `%`, or no letters, digits, `_`, `-` up to `@` after it.
    #[error(
        "the compiler is missing: no `%<compiler>@` of letters, digits, `_` and `-`, or \
         `%c,cxx=<compiler>@`, after `arch={arch}`"
    )]
    Compiler {
        /// The arch that was read before it.
        arch: String,
    },
    /// Nothing after the compiler's `@`.
    #[error("the compiler version is missing: no text after `%{compiler}@`")]
    CompilerVersion {
        /// The compiler that was read before it.
        compiler: String,
    },
}
