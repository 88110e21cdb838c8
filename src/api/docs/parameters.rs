//! The values that request parameters may have, as far as a schema can express it.
//!
//! One table for all operations: a parameter of one name means the same everywhere, and a few have
//! other values at one path. `schemathesis` is run against the result.

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{Object, OneOfBuilder, Schema, SchemaType};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat, Type};
use web::paging::{CURSOR_BYTES_MAX, PAGE_DEFAULT, PAGE_MAX};

use crate::SECTIONS;
use crate::jobs::runs::search;

/// Adds the bounds of a parameter to its schema.
pub(super) fn bound(path: &str, parameter: &mut Parameter) {
    let name = parameter.name.as_str();
    if name == "as_of" {
        parameter.schema = Some(moment());
        return;
    }
    let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema else {
        return;
    };
    // No parameter is `null`; one that may be left out is not required.
    if let SchemaType::Array(types) = &object.schema_type
        && let Some(one) = types.iter().find(|one| **one != Type::Null)
    {
        object.schema_type = SchemaType::Type(one.clone());
    }
    let mut words = SECTIONS.iter().flat_map(|section| section.words);
    let words = words.find(|(end, named, _)| *named == name && path.ends_with(end));
    if let Some((_, _, words)) = words {
        object.enum_values = Some(words.iter().map(|word| Value::from(*word)).collect());
        return;
    }
    match name {
        "limit" if path.ends_with("/run-logs") => {
            range(object, 1, search::PAGE_MAX);
            object.default = Some(search::PAGE_DEFAULT.into());
        }
        "limit" => {
            range(object, 1, PAGE_MAX);
            object.default = Some(PAGE_DEFAULT.into());
        }
        "hours" => range(object, 1, ::projections::pulse::HOURS_MAX),
        "build_jobs" => range(object, 0, u32::MAX as usize),
        "cursor" => text(object, 0, CURSOR_BYTES_MAX, "^[A-Za-z0-9_-]*$"),
        "text" => {
            object.min_length = Some(1);
            object.max_length = Some(search::TEXT_BYTES_MAX - 1);
            object.pattern = Some(r"^[^\r\n]+$".to_owned());
        }
        "since" | "until" | "due_since" | "due_until" => {
            object.format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
        }
        "spec" => object.min_length = Some(1),
        "stream" => text(object, 3, 512, "^[^-]+-.+$"),
        "build" => object.pattern = Some("^([A-Za-z0-9._@-]{1,128}:)?[+-]?[0-9]+$".to_owned()),
        "digest" => object.pattern = Some("^[0-9a-f]{64}$".to_owned()),
        _ if is_integer(object) => unsigned(object),
        _ => {}
    }
}

fn is_integer(object: &Object) -> bool {
    object.schema_type == SchemaType::Type(Type::Integer)
}

/// Numbers and positions have 64 bits and no sign; `int64` alone would end at half of them.
fn unsigned(object: &mut Object) {
    object.format = Some(SchemaFormat::Custom("uint64".to_owned()));
    range(object, 0, usize::MAX);
}

fn range(object: &mut Object, minimum: usize, maximum: usize) {
    object.minimum = Some(Number::UInt(minimum));
    object.maximum = Some(Number::UInt(maximum));
}

fn text(object: &mut Object, minimum: usize, maximum: usize, pattern: &str) {
    object.min_length = Some(minimum);
    object.max_length = Some(maximum);
    object.pattern = Some(pattern.to_owned());
}

/// A position of the log, or a time.
fn moment() -> RefOr<Schema> {
    let mut position = ObjectBuilder::new().schema_type(Type::Integer).build();
    unsigned(&mut position);
    let time = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build();
    RefOr::T(OneOfBuilder::new().item(position).item(time).build().into())
}
