//! Rows of tables as people read them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tables::{Key, Range, Table, TableError, Value};

use projections::builds::build::BuildRow;
use projections::builds::collections::CollectionRow;
use projections::builds::nodes::NodeRow;
use projections::builds::usage::UsageRow;
use projections::core::tokens::TokenRow;

/// How many rows are read at once.
const PAGE_ROWS: usize = 1024;

/// No row of a view begins with this byte; what does is the engine's checkpoint.
const CHECKPOINT: u8 = 0;

/// The rows of a view in order, a page at a time.
pub(crate) struct RowReader<'t> {
    table: &'t dyn Table,
    page: std::vec::IntoIter<(Key, Value)>,
    rest: Option<Range<'static>>,
}

impl<'t> RowReader<'t> {
    pub(crate) fn new(table: &'t dyn Table) -> Self {
        Self {
            table,
            page: Vec::new().into_iter(),
            rest: Some(Range::all().limit(PAGE_ROWS)),
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<(Key, Value)>, TableError> {
        loop {
            if let Some((key, value)) = self.page.next() {
                if key == [CHECKPOINT] {
                    continue;
                }
                return Ok(Some((key, value)));
            }
            let Some(range) = self.rest.take() else {
                return Ok(None);
            };
            let rows = self.table.scan(range.clone())?;
            if rows.len() == PAGE_ROWS {
                self.rest = rows.last().map(|(key, _)| range.after(key));
            }
            self.page = rows.into_iter();
        }
    }
}

/// How many rows a view has.
pub(crate) fn count_rows(table: &dyn Table) -> Result<u64, TableError> {
    let mut rows = RowReader::new(table);
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// A key: text where it is text, `\x..` where it is not.
pub(crate) fn key_text(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

/// A row as JSON: the fields of a record's row, the bytes of any other.
pub(crate) fn row_json(view: &str, value: &[u8]) -> Json {
    let fields = match view {
        "builds" => fields::<BuildRow>(value),
        "collections" => fields::<CollectionRow>(value),
        "nodes" => fields::<NodeRow>(value),
        "tokens" => fields::<TokenRow>(value),
        "usage" => fields::<UsageRow>(value),
        _ => None,
    };
    fields.unwrap_or_else(|| Json::String(value.escape_ascii().to_string()))
}

fn fields<T: DeserializeOwned + Serialize>(value: &[u8]) -> Option<Json> {
    match postcard::take_from_bytes::<T>(value) {
        Ok((row, [])) => serde_json::to_value(row).ok(),
        _ => None,
    }
}
