//! How answers are printed.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, TableStyle};
use serde_json::Value;

use super::Failure;
use super::arguments::Format;

/// A column of a table: its heading and where its value stands in a row (a JSON pointer).
pub(super) type Column = (&'static str, &'static str);

/// Prints rows; `columns` say what a table shows of them.
///
/// # Errors
/// When standard output is closed.
pub(super) fn rows(format: Format, columns: &[Column], rows: &[Value]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{}", table(columns, rows))?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(rows)?)?,
        Format::Yaml => write!(out, "{}", serde_yaml_ng::to_string(rows)?)?,
        Format::Ndjson => {
            for row in rows {
                writeln!(out, "{row}")?;
            }
        }
    }
    Ok(())
}

/// Prints one thing; a table shows it as keys and values.
///
/// # Errors
/// When standard output is closed.
pub(super) fn one(format: Format, value: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{}", pairs(value))?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(value)?)?,
        Format::Yaml => write!(out, "{}", serde_yaml_ng::to_string(value)?)?,
        Format::Ndjson => writeln!(out, "{value}")?,
    }
    Ok(())
}

/// Prints one thing with more to it than a table of keys and values can show: people get YAML.
///
/// # Errors
/// When standard output is closed.
pub(super) fn detailed(format: Format, value: &Value) -> Result<(), Failure> {
    match format {
        Format::Table => one(Format::Yaml, value),
        format => one(format, value),
    }
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
                table.add_row([name.clone(), cell(value)]);
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
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
