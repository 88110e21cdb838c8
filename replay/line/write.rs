//! Writing lines.

use std::io::Write;

use eventlog::Recorded;

use super::End;
use super::bytes_field::{Form, encode_into};

/// Appends one event and a line break.
pub(crate) fn push_event(event: &Recorded, line: &mut Vec<u8>) {
    push(
        line,
        format_args!("{{\"position\":{},\"stream\":", event.position),
    );
    push_string(event.stream.as_str(), line);
    let (revision, id) = (event.revision, event.id);
    push(
        line,
        format_args!(",\"revision\":{revision},\"id\":\"{id}\",\"type\":"),
    );
    push_string(event.event_type.as_str(), line);
    let recorded_at = event.recorded_at.as_microsecond();
    let version = event.version;
    push(
        line,
        format_args!(",\"version\":{version},\"recorded_at\":{recorded_at}"),
    );
    push_bytes("metadata", &event.metadata, line);
    push_bytes("data", &event.data, line);
    line.extend_from_slice(b"}\n");
}

/// Appends one blob and a line break.
pub(crate) fn push_blob(digest: &str, bytes: &[u8], line: &mut Vec<u8>) {
    line.extend_from_slice(b"{\"blob\":");
    push_string(digest, line);
    line.extend_from_slice(b",\"base64\":\"");
    encode_into(bytes, line);
    line.extend_from_slice(b"\"}\n");
}

/// Appends the end and a line break.
pub(crate) fn push_end(end: &End, line: &mut Vec<u8>) {
    line.extend_from_slice(b"{\"end\":");
    serde_json::to_writer(&mut *line, end).expect("an end is written to memory");
    line.extend_from_slice(b"}\n");
}

fn push_bytes(name: &str, bytes: &[u8], line: &mut Vec<u8>) {
    match Form::of(bytes) {
        Form::Json(json) => {
            push(line, format_args!(",\"{name}\":"));
            line.extend_from_slice(json.as_bytes());
        }
        Form::Text(text) => {
            push(line, format_args!(",\"{name}_text\":"));
            push_string(text, line);
        }
        Form::Binary(bytes) => {
            push(line, format_args!(",\"{name}_base64\":\""));
            encode_into(bytes, line);
            line.push(b'"');
        }
    }
}

fn push_string(text: &str, line: &mut Vec<u8>) {
    serde_json::to_writer(line, text).expect("a string is written to memory");
}

fn push(line: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    line.write_fmt(arguments)
        .expect("numbers are written to memory");
}
