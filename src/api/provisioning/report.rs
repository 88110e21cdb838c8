//! What was changed, or would be.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What came of a document.
#[derive(Clone, Default, Serialize, ToSchema)]
pub(crate) struct Applied {
    /// Whether this is only what would happen.
    pub(crate) dry_run: bool,
    /// Whether anything was changed, or would be.
    pub(crate) changed: bool,
    /// Everything in the document: by its kind, then by what it is called.
    pub(crate) objects: BTreeMap<&'static str, BTreeMap<String, AppliedThing>>,
    /// What somebody should know who wrote the document.
    pub(crate) notes: Vec<String>,
}

/// What came of one thing.
#[derive(Clone, Default, Serialize, ToSchema)]
pub(crate) struct AppliedThing {
    /// Its number; none when it would be new.
    pub(crate) id: Option<u64>,
    /// `created`, `changed` or `unchanged`.
    pub(crate) action: &'static str,
    /// Field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
    /// By what a worker is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<String>,
    /// The secret of a worker, when it was made up here. Nobody can show it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
    /// Whether the API key was made up here as well.
    #[serde(skip)]
    pub(crate) api_key_is_made_up: bool,
    /// The number of a new job's first run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_run: Option<u64>,
}

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Which field.
    pub(crate) field: String,
    /// What it was; nothing when the thing is new, or nobody may see it.
    #[schema(value_type = Value)]
    pub(crate) before: Value,
    /// What it is now; nothing when nobody may see it.
    #[schema(value_type = Value)]
    pub(crate) after: Value,
}

/// What is different between two things as they are shown.
pub(crate) fn differences<S: Serialize>(before: Option<&S>, after: &S) -> Vec<Change> {
    let before = before.map_or(Value::Null, shown);
    let Value::Object(after) = shown(after) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (field, after) in after {
        // Nobody decided about these.
        if matches!(field.as_str(), "id" | "created_at") {
            continue;
        }
        let known = before.get(&field).cloned().unwrap_or_default();
        let differs = match &before {
            Value::Null => !is_nothing(&after),
            _ => known != after,
        };
        if differs {
            changes.push(Change {
                field,
                before: known,
                after,
            });
        }
    }
    changes
}

fn shown<S: Serialize>(thing: &S) -> Value {
    // The shapes of the wire have string keys alone.
    named(serde_json::to_value(thing).unwrap_or_default())
}

/// People read titles, and the numbers of what would be new are not known yet.
fn named(value: Value) -> Value {
    match value {
        Value::Object(mut fields) if fields.len() == 2 && fields.contains_key("title") => {
            fields.remove("title").unwrap_or_default()
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields.map(|(key, value)| (key, named(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(named).collect(),
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
