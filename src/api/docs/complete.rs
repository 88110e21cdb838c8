//! What every operation of the document shares: its id, its responses, the problem document and,
//! unless it is open, the token.

use utoipa::ToSchema;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, KnownFormat, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder, SchemaFormat, Type,
};
use web::{PROBLEM_JSON, ProblemBody};

use super::{BEARER, parameters};

/// Completes a document that is whole otherwise.
pub(crate) fn complete(mut openapi: OpenApi) -> OpenApi {
    for (path, item) in &mut openapi.paths.paths {
        for operation in operations(item) {
            let handler = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(operation_id(path, &handler));
            answers(operation);
            security(operation);
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                optional(body);
            }
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    parameters::bound(path, parameter);
                }
            }
        }
        if let (Some(edit), Some(components)) = (&mut item.patch, &mut openapi.components) {
            changes(edit, components);
        }
    }
    if let Some(components) = &mut openapi.components {
        listed(components);
    }
    openapi
}

/// A PATCH holds only what changes: the same fields as those of a new thing, and none is required.
fn changes(edit: &mut Operation, components: &mut Components) {
    let Some(RefOr::T(body)) = &mut edit.request_body else {
        return;
    };
    for content in body.content.values_mut() {
        let RefOr::T(Content {
            schema: Some(RefOr::Ref(reference)),
            ..
        }) = content
        else {
            continue;
        };
        let name = name_of(reference).to_owned();
        let known = components.schemas.get(&name).cloned();
        if let (Some(thing), Some(RefOr::T(Schema::Object(mut object)))) =
            (name.strip_suffix("Fields"), known)
        {
            object.required.clear();
            let changes = format!("{thing}Changes");
            *reference = Ref::from_schema_name(&changes);
            components
                .schemas
                .insert(changes, RefOr::T(Schema::Object(object)));
        }
    }
}

/// A page of a list is described with its entries written out: a client would have one type for a
/// thing by itself and another for the same thing on a page.
fn listed(components: &mut Components) {
    let names: Vec<String> = components.schemas.keys().cloned().collect();
    for name in &names {
        let Some(entry) = name.strip_prefix("Listing_") else {
            continue;
        };
        let Some(known) = components.schemas.get(entry).cloned() else {
            continue;
        };
        if let Some(RefOr::T(Schema::Object(page))) = components.schemas.get_mut(name)
            && let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items")
            && let ArrayItems::RefOrSchema(item) = &mut items.items
            && **item == known
        {
            **item = RefOr::Ref(Ref::from_schema_name(entry));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// A unique name: the words of the path and of the handler (`builds_list`). Clients are generated
/// from it, so it must not change.
fn operation_id(path: &str, handler: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let mut words: Vec<String> = parts
        .filter(|part| *part != "v1" && !part.starts_with('{'))
        .map(|part| part.replace(['-', '.'], "_"))
        .collect();
    let is_named = words
        .first()
        .is_some_and(|first| handler.starts_with(&format!("{first}_")));
    if is_named {
        return handler.to_owned();
    }
    let plain = |word: &str| word.replace('_', "");
    if words
        .last()
        .is_none_or(|last| plain(last) != plain(handler))
    {
        words.push(handler.to_owned());
    }
    words.join("_")
}

fn answers(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    responses
        .entry("default".to_owned())
        .or_insert_with(|| RefOr::T(refusal()));
    for response in responses.values_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        for (media_type, content) in &mut response.content {
            if let RefOr::T(content) = content
                && media_type == "application/octet-stream"
            {
                content.schema = Some(bytes());
            }
        }
        if response.description.is_empty() {
            response.description = description(response);
        }
    }
}

fn refusal() -> Response {
    let problem = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .build();
    ResponseBuilder::new()
        .description("The request was refused (RFC 9457 problem document)")
        .content(PROBLEM_JSON, problem)
        .build()
}

/// Any bytes. Without this they would be described as a list of numbers.
fn bytes() -> RefOr<Schema> {
    let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
    let bytes = ObjectBuilder::new().schema_type(Type::String);
    RefOr::T(bytes.format(Some(binary)).build().into())
}

fn description(response: &Response) -> String {
    let contents = response
        .content
        .values()
        .filter_map(|content| match content {
            RefOr::T(Content { schema, .. }) => schema.as_ref(),
            RefOr::Ref(_) => None,
        });
    let mut named = contents.filter_map(|schema| match schema {
        RefOr::Ref(reference) => Some(format!("Success: a `{}`", name_of(reference))),
        RefOr::T(Schema::Array(array)) => match &array.items {
            ArrayItems::RefOrSchema(item) => match &**item {
                RefOr::Ref(reference) => {
                    Some(format!("Success: a list of `{}`", name_of(reference)))
                }
                RefOr::T(_) => None,
            },
            ArrayItems::False => None,
        },
        RefOr::T(_) => None,
    });
    named.next().unwrap_or_else(|| "Success".to_owned())
}

fn name_of(reference: &Ref) -> &str {
    let place = &reference.ref_location;
    place.rsplit('/').next().unwrap_or(place)
}

fn security(operation: &mut Operation) {
    operation.security.get_or_insert_with(|| {
        vec![SecurityRequirement::new(
            BEARER,
            std::iter::empty::<String>(),
        )]
    });
}

/// A body that may be left out is described as one that may be `null`, which it may not.
fn optional(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(Content {
            schema: Some(schema),
            ..
        }) = content
        else {
            continue;
        };
        if let RefOr::T(Schema::OneOf(choice)) = schema {
            let named = choice.items.iter().find_map(|item| match item {
                RefOr::Ref(reference) => Some(reference.clone()),
                RefOr::T(_) => None,
            });
            if let Some(named) = named {
                *schema = RefOr::Ref(named);
                body.required = Some(Required::False);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_after_its_path_and_its_handler() {
        for (path, handler, expected) in [
            ("/v1/builds", "list", "builds_list"),
            ("/v1/builds/{build}", "get", "builds_get"),
            ("/v1/builds/{build}/history", "history", "builds_history"),
            ("/v1/run-logs", "search", "run_logs_search"),
            (
                "/v1/allocation/rollback",
                "roll_back",
                "allocation_rollback",
            ),
            ("/v1/groups/{id}", "groups_edit", "groups_edit"),
            ("/healthz", "healthz", "healthz"),
        ] {
            assert_eq!(operation_id(path, handler), expected, "{path} {handler}");
        }
    }
}
