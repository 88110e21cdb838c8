//! The configuration: flags, then the environment, then a file, then defaults.
//!
//! [`Config`] is the result; [`load::Loaded`] also knows where each value came from, for
//! `tallyman config`. Start reading at [`load::load`].

mod check;
mod headers;
mod load;
mod secrets;
mod sections;
mod show;
mod template;

pub(crate) use load::{ConfigError, Flags, load};
pub(crate) use secrets::without_credentials;
pub(crate) use sections::*;
pub(crate) use template::EXAMPLE;

#[cfg(test)]
mod tests;
