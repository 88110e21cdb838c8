//! Everything that is wrong with a body, at once.
//!
//! Each field is read alone from its own piece of text. A required one that is missing or has
//! another form is a fault; an optional one with another form is as if it were not there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use web::FieldError;

use super::{Hook, HookProject, HookRunner, TEXT_BYTES_MAX, Text, Unfit};

type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Reads a job hook with patience.
pub(super) fn read(body: &str) -> Result<Hook<'_>, Unfit> {
    super::check_syntax(body)?;
    // What is JSON and no object lacks every field that is required.
    let object = serde_json::from_str::<Object<'_>>(body).unwrap_or_default();
    let mut reader = Reader {
        object,
        faults: Vec::new(),
    };
    let hook = Hook {
        build_status: reader.text("build_status"),
        build_stage: reader.text("build_stage"),
        build_id: reader.number("build_id"),
        build_started_at: reader.text_or_null("build_started_at"),
        build_finished_at: reader.text_or_null("build_finished_at"),
        git_ref: reader.text("ref"),
        runner: reader.runner(),
        build_name: reader.maybe("build_name"),
        build_created_at: reader.maybe("build_created_at"),
        build_created_at_iso: reader.maybe("build_created_at_iso"),
        build_started_at_iso: reader.maybe("build_started_at_iso"),
        build_finished_at_iso: reader.maybe("build_finished_at_iso"),
        build_failure_reason: reader.maybe("build_failure_reason"),
        pipeline_id: reader.take("pipeline_id"),
        project_id: reader.take("project_id"),
        project_name: reader.maybe("project_name"),
        project: reader.project(),
        retries_count: reader.take("retries_count"),
    };
    if reader.faults.is_empty() {
        Ok(hook)
    } else {
        Err(Unfit::Fields(reader.faults))
    }
}

struct Reader<'a> {
    object: Object<'a>,
    faults: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn take<T: Deserialize<'a>>(&self, field: &str) -> Option<T> {
        serde_json::from_str(self.object.get(field)?.get()).ok()
    }

    /// An optional text; one that is too long stays in the body alone.
    fn maybe(&self, field: &str) -> Option<Text<'a>> {
        self.take::<Text<'a>>(field)
            .filter(|text| text.0.len() <= TEXT_BYTES_MAX)
    }

    fn text(&mut self, field: &str) -> Cow<'a, str> {
        let value = self.object.get(field).copied();
        self.required_text(field, value)
    }

    fn required_text(&mut self, field: &str, value: Option<&'a RawValue>) -> Cow<'a, str> {
        let Some(value) = value else {
            self.fault(field, "is missing");
            return Cow::default();
        };
        match serde_json::from_str::<Text<'a>>(value.get()) {
            Ok(text) if text.0.len() <= TEXT_BYTES_MAX => text.0,
            Ok(_) => {
                self.fault(field, format!("is longer than {TEXT_BYTES_MAX} bytes"));
                Cow::default()
            }
            Err(_) => {
                self.fault(field, format!("must be a text, not {}", form_of(value)));
                Cow::default()
            }
        }
    }

    fn text_or_null(&mut self, field: &str) -> Option<Text<'a>> {
        match self.object.get(field).copied() {
            Some(value) if is_null(value) => None,
            Some(value) if form_of(value) != "a text" => {
                self.fault(
                    field,
                    format!("must be a text or null, not {}", form_of(value)),
                );
                None
            }
            value => Some(Text(self.required_text(field, value))),
        }
    }

    fn number(&mut self, field: &str) -> i64 {
        let Some(value) = self.object.get(field).copied() else {
            self.fault(field, "is missing");
            return 0;
        };
        serde_json::from_str(value.get()).unwrap_or_else(|_| {
            let form = form_of(value);
            let found = if form == "a number" {
                "this number"
            } else {
                form
            };
            self.fault(
                field,
                format!("must be a whole number of 64 bits, not {found}"),
            );
            0
        })
    }

    fn runner(&mut self) -> Option<HookRunner<'a>> {
        match self.object.get("runner").copied() {
            Some(value) if is_null(value) => None,
            Some(value) if form_of(value) != "an object" => {
                self.fault(
                    "runner",
                    format!("must be an object or null, not {}", form_of(value)),
                );
                None
            }
            value => {
                let text = value.map(RawValue::get);
                let object = text.and_then(|text| serde_json::from_str::<Object<'a>>(text).ok());
                let object = object.unwrap_or_default();
                let id = object
                    .get("id")
                    .and_then(|id| serde_json::from_str(id.get()).ok());
                let description = object.get("description").copied();
                let description = self.required_text("runner.description", description);
                Some(HookRunner { id, description })
            }
        }
    }

    fn project(&self) -> Option<HookProject<'a>> {
        let object = self.take::<Object<'a>>("project")?;
        let path: Option<Text<'a>> = object
            .get("path_with_namespace")
            .and_then(|path| serde_json::from_str(path.get()).ok());
        Some(HookProject {
            path_with_namespace: path.filter(|path| path.0.len() <= TEXT_BYTES_MAX),
        })
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(FieldError::new(field, message));
    }
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// The kind of a JSON value, in words. Its first character determines it.
fn form_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}
