//! What surrounds an event: who, through which interface, caused by what.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The envelope's part that every event of the app shares. It never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The interface it came through: `gantry`, `api`, `cli`, `reactor`, `import`, …
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
    /// The reason that a person gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub kind: ActorKind,
    /// A stable name: a token's id, a source's name, a worker's title.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

impl Actor {
    /// Whether this filter matches: `ci` (the id or the display name), `token` (all of this kind),
    /// `token:ci` or `token ci` (both).
    #[must_use]
    pub fn is_meant_by(&self, text: &str) -> bool {
        let kind = self.kind.as_str();
        let is_called = |name: &str| self.id == name || self.display.as_deref() == Some(name);
        let of_kind = text.strip_prefix(kind);
        let name_of_kind = of_kind.and_then(|rest| rest.strip_prefix([':', ' ']));
        is_called(text) || of_kind == Some("") || name_of_kind.is_some_and(is_called)
    }

    /// A part of the app itself, for example the reactor that collects usage.
    #[must_use]
    pub fn system(id: &str) -> Self {
        Self {
            kind: ActorKind::System,
            id: id.to_owned(),
            display: None,
        }
    }
}

impl ActorKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Token,
        Self::Source,
        Self::Worker,
        Self::Operator,
        Self::System,
        Self::Anonymous,
    ];

    /// The kind as it is written in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Source => "source",
            Self::Worker => "worker",
            Self::Operator => "operator",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

/// The kind of an [`Actor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person who logged in.
    User,
    /// The holder of an API token.
    Token,
    /// A configured sender of webhooks.
    Source,
    Worker,
    /// A person with a shell on the machine.
    Operator,
    /// A part of the app.
    System,
    /// The request had no credentials.
    Anonymous,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_meant_by_kind_and_name() {
        let actor = Actor {
            kind: ActorKind::Token,
            id: "0193".to_owned(),
            display: Some("ci: main".to_owned()),
        };
        for (text, is_meant) in [
            ("0193", true),
            ("ci: main", true),
            ("token", true),
            ("token:0193", true),
            ("token 0193", true),
            ("token:ci: main", true),
            ("token ci: main", true),
            ("user:0193", false),
            ("user", false),
            ("token:", false),
            ("token:ci", false),
            ("tokens", false),
            ("", false),
        ] {
            assert_eq!(actor.is_meant_by(text), is_meant, "{text:?}");
        }
    }

    #[test]
    fn a_kind_is_called_as_it_is_written() {
        for kind in ActorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
