//! What `tallyman doctor` finds.

use serde_json::{Value, json};

/// Findings, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Findings {
    /// One row per check: `check`, `result`, `detail`.
    pub(crate) rows: Vec<Value>,
    /// Whether anything is wrong.
    pub(crate) bad: bool,
}

impl Findings {
    fn add(&mut self, check: &str, result: &str, detail: impl Into<String>) {
        let detail: String = detail.into();
        self.rows
            .push(json!({"check": check, "result": result, "detail": detail}));
    }

    /// Nothing is wrong.
    pub(crate) fn good(&mut self, check: &str, detail: impl Into<String>) {
        self.add(check, "ok", detail);
    }

    /// An operator should look at it.
    pub(crate) fn warn(&mut self, check: &str, detail: impl Into<String>) {
        self.add(check, "warning", detail);
    }

    /// Something is wrong.
    pub(crate) fn bad(&mut self, check: &str, detail: impl Into<String>) {
        self.bad = true;
        self.add(check, "ERROR", detail);
    }
}
