//! Reads a file once before anything of it is appended: whether it is whole.

use std::path::Path;

use super::lines::read_line;
use super::origin::{Gauge, Origin};
use crate::ToolError;
use crate::line::{Incoming, Sum, parse};

/// Proves that a file is what an export wrote.
///
/// # Errors
/// [`ToolError::Incomplete`] when it is not, and how much of it is right.
pub(super) fn prove(path: &Path) -> Result<(), ToolError> {
    let mut input = Origin::File(path.to_owned()).open(&Gauge::default())?;
    let mut buffer = Vec::new();
    let mut sum = Sum::default();
    let mut end = None;
    let mut lines = 0_u64;
    let incomplete = |good: u64, reason: String| {
        ToolError::Incomplete(format!(
            "{reason}; line {good} is the last that could be read"
        ))
    };
    while read_line(&mut *input, &mut buffer).map_err(|reason| incomplete(lines, reason))? {
        lines += 1;
        let line = buffer.trim_ascii();
        let is_cut = buffer.last() != Some(&b'\n');
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b"{\"end\":") {
            match parse(line) {
                Ok(Incoming::End(found)) => end = Some(found),
                Ok(_) => {}
                Err(reason) => {
                    return Err(incomplete(lines - 1, format!("invalid end line: {reason}")));
                }
            }
        } else if is_cut && parse(line).is_err() {
            let reason = format!("it was cut off in line {lines}");
            return Err(incomplete(lines - 1, reason));
        } else if line.starts_with(b"{\"blob\":") {
            sum.blob(line);
        } else {
            sum.event(line);
        }
    }
    let checked = sum.check(end.as_ref());
    checked.map_err(|complaint| ToolError::Incomplete(complaint.to_string()))
}
