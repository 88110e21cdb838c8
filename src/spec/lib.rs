//! The grammar of Spack's specs and variants: `emacs@29.2 +json~native arch=x86_64_v3%gcc@12.3.0`.
//!
//! Pure, and knows nothing else of the workspace. Start reading at [`Spec`]; [`Variants`] are also
//! read by themselves, as the annotations of a pod spell them.
//!
//! | part | is |
//! |---|---|
//! | name | everything up to the first `@` |
//! | version | up to the next space |
//! | variants | at least one, up to ` arch=`; other text between them is passed over |
//! | `+x` `~x` | true, false; may be run together |
//! | `k=v` `k=a,b` | a text, a list, up to the next space, `+` or `~` |
//! | `k:=v` `k:='a,c++'` | the same, as Spack 1.x writes it: a quoted value may hold spaces, `+` and `~` |
//! | arch | up to `%` |
//! | compiler | letters, digits, `_` and `-`, up to `@` |
//! | `c,cxx=compiler` | the same, as Spack 1.x writes it (`%c,cxx=gcc@12`, also after a space); the first counts |
//! | compiler version | up to the next space; whatever follows is ignored |

mod error;
mod parse;
#[cfg(test)]
mod tests;
mod variants;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use error::{Part, SpecError};
pub use variants::{VariantValue, Variants};

/// The longest spec that is read, in bytes of UTF-8: no longer request line reaches the service.
pub const SPEC_BYTES_MAX: usize = 8190;

/// The form of a spec, as shown to those who sent something else.
pub const EXPECTED_FORM: &str =
    "name@version +flag~flag key=value key=a,b arch=<arch>%<compiler>@<compiler version>";

/// What is to be built, as precisely as the client knows it.
///
/// Reading and printing are inverse for whatever [`Spec::from_str`] has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The package: not empty, without `@`.
    pub name: String,
    /// Its version: not empty, without spaces.
    pub version: String,
    /// Its variants, in the order in which they were written.
    pub variants: Variants,
    /// The architecture it is built for.
    pub arch: String,
    pub compiler: String,
    pub compiler_version: String,
}

impl FromStr for Spec {
    type Err = SpecError;

    /// Reads a spec in time linear in its length. Text after the compiler version is ignored.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        parse::spec(text)
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            version,
            variants,
            arch,
            compiler,
            compiler_version,
        } = self;
        write!(
            f,
            "{name}@{version} {variants} arch={arch}%{compiler}@{compiler_version}"
        )
    }
}
