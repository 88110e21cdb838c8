//! What was changed, or would be.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What came of a document.
#[derive(Clone, Default, Serialize, ToSchema)]
pub struct Applied {
    /// Whether this is only what would happen.
    pub dry_run: bool,
    /// Whether anything was changed, or would be.
    pub changed: bool,
    /// Everything in the document: by its kind, then by what it is called.
    pub objects: BTreeMap<&'static str, BTreeMap<String, AppliedRecord>>,
    /// Hints for the author of the document.
    pub notes: Vec<String>,
}

/// What came of one thing.
#[derive(Clone, Default, Serialize, ToSchema)]
#[schema(as = AppliedThing)]
pub struct AppliedRecord {
    /// Its number; none when it would be new.
    pub id: Option<u64>,
    /// `created`, `changed` or `unchanged`.
    pub action: &'static str,
    /// Field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// By what a worker is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The generated secret of a worker. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Whether the API key was made up here as well.
    #[serde(skip)]
    pub(crate) api_key_is_made_up: bool,
    /// The number of a new job's first run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_run: Option<u64>,
}

impl Applied {
    /// After a dry run: new records have no numbers, and new secrets are never valid.
    pub(crate) fn hide_what_does_not_exist(&mut self) {
        self.dry_run = true;
        for record in self.objects.values_mut().flat_map(BTreeMap::values_mut) {
            if record.action == "created" {
                record.id = None;
            }
            record.secret = None;
            if record.api_key_is_made_up {
                record.api_key = None;
                record.changes.retain(|change| change.field != "api_key");
            }
            record.first_run = None;
        }
    }

    /// Adds what came of another part of the document.
    pub(crate) fn add(&mut self, part: Self) {
        self.changed |= part.changed;
        self.notes.extend(part.notes);
        for (plural, records) in part.objects {
            self.objects.entry(plural).or_default().extend(records);
        }
    }
}

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// Which field.
    pub field: String,
    /// The old value; `null` when the record is new, or the value is secret.
    #[schema(value_type = Value)]
    pub before: Value,
    /// The new value; `null` when it is secret.
    #[schema(value_type = Value)]
    pub after: Value,
}

impl Change {
    /// A change of a secret: both values are hidden.
    pub(crate) fn hidden(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            before: Value::Null,
            after: Value::Null,
        }
    }
}

/// The differences between two records as they are shown.
pub(crate) fn differences<S: Serialize>(before: Option<&S>, after: &S) -> Vec<Change> {
    let before = before.map_or(Value::Null, shown);
    let Value::Object(after) = shown(after) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (field, after) in after {
        // No document sets these.
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
