//! References from one record to another, as people write them and as they are shown.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Another record, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By its number.
    Number(u64),
    /// By its name or title.
    Called(String),
}

impl Reference {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if !name.is_empty() => Some(Self::Called(name.clone())),
            value => value.as_u64().map(Self::Number),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Called(name) => write!(f, "`{name:.255}`"),
        }
    }
}

/// Another thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its number.
    pub id: u64,
    /// Its title; empty when it is unknown.
    pub title: String,
}
