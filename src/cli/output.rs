//! Prints answers in the output formats.
//!
//! Tables, and everything on a terminal, are escaped first ([`escape`]). A pipe gets JSON and YAML as
//! they are.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, TableStyle};
use serde_json::Value;

use super::arguments::Format;
use super::{Failure, escape};

/// A column of a table: its heading and the JSON pointer of its value in a row.
pub(super) type Column = (&'static str, &'static str);

/// Prints rows; a table has these `columns`.
///
/// # Errors
/// When standard output is closed.
pub(super) fn rows(format: Format, columns: &[Column], rows: &[Value]) -> Result<(), Failure> {
    let text = match format {
        Format::Table => format!("{}\n", table(columns, rows)),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(rows)?),
        Format::Yaml => serde_yaml_ng::to_string(rows)?,
        Format::Ndjson => rows.iter().map(|row| format!("{row}\n")).collect(),
    };
    print(&text)
}

/// Prints one object; a table shows keys and values.
///
/// # Errors
/// When standard output is closed.
pub(super) fn one(format: Format, value: &Value) -> Result<(), Failure> {
    let text = match format {
        Format::Table => format!("{}\n", pairs(value)),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(value)?),
        Format::Yaml => serde_yaml_ng::to_string(value)?,
        Format::Ndjson => format!("{value}\n"),
    };
    print(&text)
}

/// Prints a text: escaped on a terminal, as it is in a pipe.
///
/// # Errors
/// When standard output is closed.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let shown = if out.is_terminal() {
        escape::lines(text)
    } else {
        Cow::Borrowed(text)
    };
    out.write_all(shown.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints one object that is too nested for a table: `table` means YAML here.
///
/// # Errors
/// When standard output is closed.
pub(super) fn detailed(format: Format, value: &Value) -> Result<(), Failure> {
    match format {
        Format::Table => one(Format::Yaml, value),
        format => one(format, value),
    }
}

/// Rows of events for a table, with the actor as `/who`: kind and name, such as `token ci`.
pub(super) fn with_actors(format: Format, mut rows: Vec<Value>) -> Vec<Value> {
    if format == Format::Table {
        for row in &mut rows {
            let who = actor(&row["metadata"]["actor"]);
            row["who"] = Value::from(who);
        }
    }
    rows
}

/// An actor, as kind and name; the id if there is no name.
pub(super) fn actor(actor: &Value) -> Option<String> {
    let kind = actor["kind"].as_str()?;
    let name = actor["display"].as_str().or_else(|| actor["id"].as_str());
    Some(match name.filter(|name| *name != kind) {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    })
}

fn table(columns: &[Column], rows: &[Value]) -> Table {
    let mut table = plain();
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(
            columns
                .iter()
                .map(|(_, path)| row.pointer(path).map(cell).unwrap_or_default()),
        );
    }
    table
}

fn pairs(value: &Value) -> Table {
    let mut table = plain();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                table.add_row([escape::one_line(name).into_owned(), cell(value)]);
            }
        }
        other => {
            table.add_row([cell(other)]);
        }
    }
    table
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escape::one_line(text).into_owned(),
        other => escape::one_line(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_title_cannot_write_rows_of_its_own_into_a_table() {
        let rows = [json!({"title": "a\u{1b}[31m\nfaked row\u{202e}", "tags": ["\u{9b}"]})];
        let columns = [("TITLE", "/title"), ("TAGS", "/tags")];
        let printed = table(&columns, &rows).to_string();
        assert_eq!(printed.lines().count(), 2, "{printed}");
        assert!(
            printed.contains("a\\u001b[31m\\nfaked row\\u202e"),
            "{printed}"
        );
        let printed = printed + &pairs(&rows[0]).to_string() + &pairs(&json!("\u{7}")).to_string();
        assert!(
            !printed.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{printed:?}"
        );
    }

    /// An actor was shown as its id alone, such as `1`.
    #[test]
    fn a_table_says_who_did_it_by_kind_and_name() {
        for (actor, expected) in [
            (
                json!({"kind": "user", "id": "1", "display": "jane"}),
                json!("user jane"),
            ),
            (
                json!({"kind": "token", "id": "0193", "display": "ci"}),
                json!("token ci"),
            ),
            (
                json!({"kind": "system", "id": "collector"}),
                json!("system collector"),
            ),
            (
                json!({"kind": "anonymous", "id": "anonymous"}),
                json!("anonymous"),
            ),
            (Value::Null, Value::Null),
        ] {
            let row = json!({"position": 1, "metadata": {"actor": actor}});
            let rows = with_actors(Format::Table, vec![row.clone()]);
            assert_eq!(rows[0]["who"], expected, "{row}");
            assert_eq!(with_actors(Format::Json, vec![row.clone()]), [row]);
        }
    }
}
