//! GitLab's job hook, as it arrives.
//!
//! The usual body is read once, borrowing its texts. Only one that does not fit is read a second
//! time, by [`faults`], which is slower and names everything that is wrong at once.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use web::FieldError;

mod faults;

/// The longest text that is copied out of a body. GitLab's texts are much shorter, and a longer one
/// is still in the stored body.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;

/// What is taken out of a job hook.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Hook<'a> {
    #[serde(borrow)]
    pub(crate) build_status: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) build_stage: Cow<'a, str>,
    pub(crate) build_id: i64,
    /// Required, and null before the build has started.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    pub(crate) build_started_at: Option<Text<'a>>,
    /// Required, and null before the build has ended.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    pub(crate) build_finished_at: Option<Text<'a>>,
    #[serde(borrow, rename = "ref")]
    pub(crate) git_ref: Cow<'a, str>,
    /// Required, and null before a runner has picked the build up.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    pub(crate) runner: Option<HookRunner<'a>>,

    // What follows is taken where it is there and has the right form.
    #[serde(borrow, default)]
    pub(crate) build_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) build_created_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) build_created_at_iso: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) build_started_at_iso: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) build_finished_at_iso: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) build_failure_reason: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) pipeline_id: Option<i64>,
    #[serde(default)]
    pub(crate) project_id: Option<i64>,
    #[serde(borrow, default)]
    pub(crate) project_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) project: Option<HookProject<'a>>,
    #[serde(default)]
    pub(crate) retries_count: Option<i64>,
}

/// Who picked the build up.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(crate) struct HookRunner<'a> {
    #[serde(default)]
    pub(crate) id: Option<i64>,
    #[serde(borrow)]
    pub(crate) description: Cow<'a, str>,
}

/// Where the build belongs.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(crate) struct HookProject<'a> {
    #[serde(borrow, default)]
    pub(crate) path_with_namespace: Option<Text<'a>>,
}

/// A text that borrows from the body where it can, also inside an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Why a body is no job hook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unfit {
    /// Not JSON. The text names the place.
    Syntax(String),
    /// JSON, but fields are missing or have another form. All of them.
    Fields(Vec<FieldError>),
}

impl<'a> Hook<'a> {
    /// Reads a job hook.
    pub(crate) fn read(body: &'a str) -> Result<Self, Unfit> {
        match serde_json::from_str::<Self>(body) {
            Ok(hook) if hook.fits() => Ok(hook),
            _ => faults::read(body),
        }
    }

    fn fits(&self) -> bool {
        let short = |text: &str| text.len() <= TEXT_BYTES_MAX;
        let optional = [
            &self.build_started_at,
            &self.build_finished_at,
            &self.build_name,
            &self.build_failure_reason,
            &self.project_name,
        ];
        let project = self
            .project
            .as_ref()
            .and_then(|project| project.path_with_namespace.as_ref());
        let runner = self.runner.as_ref().map(|runner| &*runner.description);
        [&*self.build_status, &*self.build_stage, &*self.git_ref]
            .into_iter()
            .all(short)
            && runner.is_none_or(short)
            && optional
                .into_iter()
                .flatten()
                .chain(project)
                .all(|text| short(&text.0))
    }
}

/// Checks that a body is JSON, without reading its fields.
pub(crate) fn check_syntax(body: &str) -> Result<(), Unfit> {
    match serde_json::from_str::<&RawValue>(body) {
        Ok(_) => Ok(()),
        Err(error) => Err(Unfit::Syntax(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
