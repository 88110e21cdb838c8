//! Reads cells as what they should be. SQLite keeps any value in any column, so nothing is
//! believed.

use jiff::Timestamp;
use rusqlite::types::ValueRef;

/// Times before 1970 and after 2100 are seconds of something else, for example milliseconds.
const SECONDS_MAX: f64 = 4_102_444_800.0;

/// Longer texts are no names, and would not fit into one event.
const TEXT_BYTES_MAX: usize = 16 * 1024;

pub(super) fn text(cell: ValueRef<'_>) -> Result<String, String> {
    let ValueRef::Text(bytes) = cell else {
        return Err(format!("should be text, and is {}", kind(cell)));
    };
    let text = std::str::from_utf8(bytes).map_err(|_| "should be UTF-8".to_owned())?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!(
            "{} bytes are more than {TEXT_BYTES_MAX}",
            text.len()
        ));
    }
    if text.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    Ok(text.to_owned())
}

/// A text that names something.
pub(super) fn name(cell: ValueRef<'_>) -> Result<String, String> {
    let name = text(cell)?;
    match name.trim().is_empty() {
        true => Err("is empty".to_owned()),
        false => Ok(name),
    }
}

/// An amount: finite, and not below 0.
pub(super) fn amount(cell: ValueRef<'_>) -> Result<f64, String> {
    let number = number(cell)?;
    if !number.is_finite() || number < 0.0 {
        return Err(format!("{number} is not an amount"));
    }
    Ok(number)
}

pub(super) fn integer(cell: ValueRef<'_>) -> Result<i64, String> {
    match cell {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(number as i64),
        ValueRef::Real(number) => Err(format!("{number} is not a whole number")),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| "should be a whole number, and is other text".to_owned()),
        _ => Err(format!("should be a whole number, and is {}", kind(cell))),
    }
}

/// A count that fits in 32 bits.
pub(super) fn count(cell: ValueRef<'_>) -> Result<u32, String> {
    let number = integer(cell)?;
    u32::try_from(number).map_err(|_| format!("{number} is not a count"))
}

/// Yes or no: SQLite has no type for it.
pub(super) fn flag(cell: ValueRef<'_>) -> Result<bool, String> {
    if let ValueRef::Text(bytes) = cell {
        match bytes.to_ascii_lowercase().as_slice() {
            b"true" => return Ok(true),
            b"false" | b"" => return Ok(false),
            _ => {}
        }
    }
    match integer(cell)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("expected true (1) or false (0), found {other}")),
    }
}

/// A time in seconds since 1970, or as a date and time with its offset.
pub(super) fn time(cell: ValueRef<'_>) -> Result<Timestamp, String> {
    if let ValueRef::Text(bytes) = cell {
        let text = std::str::from_utf8(bytes).map_err(|_| "should be UTF-8".to_owned())?;
        if text.trim().parse::<f64>().is_err() {
            let utc = text.trim().replace(" UTC", "Z");
            return utc
                .parse()
                .map_err(|_| format!("`{text:.40}` is not a time"));
        }
    }
    let seconds = number(cell)?;
    if !(0.0..=SECONDS_MAX).contains(&seconds) {
        return Err(format!("{seconds} is not a time in seconds since 1970"));
    }
    Timestamp::from_microsecond((seconds * 1e6).round() as i64)
        .map_err(|error| format!("{seconds} is not a time: {error}"))
}

fn number(cell: ValueRef<'_>) -> Result<f64, String> {
    match cell {
        // Counts of bytes are far below 2^53.
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| "should be a number, and is other text".to_owned()),
        _ => Err(format!("should be a number, and is {}", kind(cell))),
    }
}

fn kind(cell: ValueRef<'_>) -> &'static str {
    match cell {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) | ValueRef::Real(_) => "a number",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "bytes",
    }
}
