//! The caller, and what it may see and change.

use domain::{Actor, ActorKind, Metadata};
use projections::jobs::roster::Scope;
use web::RequestContext;

use crate::DIALECT;

/// The caller: the owner of the verified credential, never the name that the request claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A worker that signed the request.
    Worker {
        number: u64,
        /// What people call it.
        title: String,
    },
    /// A person who logged in.
    User {
        number: u64,
        /// By what they log in.
        name: String,
    },
}

impl Caller {
    /// The scope in which the views are read.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Worker { number, .. } => Scope::Worker(*number),
            Self::User { number, .. } => Scope::User(*number),
        }
    }

    /// The caller of commands about runs and kill requests: a worker may change only what workers
    /// report.
    pub(crate) fn speaker(&self) -> domain::jobs::run::Caller {
        match self {
            Self::Worker { number, .. } => domain::jobs::run::Caller::Worker(*number),
            Self::User { .. } => domain::jobs::run::Caller::Trusted,
        }
    }

    /// Who does what follows from the request.
    pub(crate) fn actor(&self) -> Actor {
        let (kind, number, display) = match self {
            Self::Worker { number, title } => (ActorKind::Worker, number, title),
            Self::User { number, name } => (ActorKind::User, number, name),
        };
        Actor {
            kind,
            id: number.to_string(),
            display: Some(display.clone()),
        }
    }

    /// What every event that follows from the request carries.
    pub(crate) fn metadata(&self, context: &RequestContext) -> Metadata {
        Metadata {
            actor: Some(self.actor()),
            ..context.metadata(DIALECT)
        }
    }
}
