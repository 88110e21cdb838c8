//! What surrounds an event: who, through which door, caused by what.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The envelope's part that every event of the house shares. It never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The door it came through: `gantry`, `api`, `cli`, `reactor`, `import`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The request that caused it, as the caller and our logs name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The W3C trace context of that request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event that directly led to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// What a whole story shares, for example GitLab's `X-Gitlab-Event-UUID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The caller's own name for this request, by which a repeat is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Where the caller connected from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Why, in the words of a person who was asked for a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What sort of somebody.
    pub kind: ActorKind,
    /// A stable name: a token's id, a source's name, a worker's title.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

impl Actor {
    /// A part of the house itself, for example the reactor that collects usage.
    #[must_use]
    pub fn system(id: &str) -> Self {
        Self {
            kind: ActorKind::System,
            id: id.to_owned(),
            display: None,
        }
    }
}

/// What sort of somebody an [`Actor`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person who logged in.
    User,
    /// The holder of an API token.
    Token,
    /// A configured sender of webhooks.
    Source,
    /// A worker or agent.
    Worker,
    /// Somebody with a shell on the machine.
    Operator,
    /// A part of the house.
    System,
    /// Nobody said.
    Anonymous,
}
