//! How good would the answers have been? A history is read row by row, allocators compete on it,
//! and what each would have cost is shown as a table, as CSV and as a page.
//!
//! Rows come from files ([`rows`]) or from the log ([`log`]) and are never held all at once. The
//! rules of the contest are those of [`allocation::evaluation`]; [`contest`] keeps them build by
//! build, so that the page can show where the waste comes from.

pub(crate) mod contest;
pub(crate) mod history;
pub(crate) mod html;
pub(crate) mod log;
pub(crate) mod markdown;
pub(crate) mod report;
pub(crate) mod rows;
pub(crate) mod tally;
#[cfg(test)]
mod testing;

pub(crate) use contest::Contest;
pub(crate) use history::{HistoryError, Row};
pub(crate) use report::{Outcome, Prices};
