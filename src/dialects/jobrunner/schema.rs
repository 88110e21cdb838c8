//! What is known of each resource: `GET /api/v1/run/schema/`.

use std::collections::BTreeMap;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::page::LIMIT_DEFAULT;
use crate::resource::Resource;

/// The text of `default` for a field without one.
const NO_DEFAULT: &str = "No default provided.";

/// A schema in a response. The names are in alphabetical order.
#[derive(Debug, Serialize)]
pub(crate) struct Schema {
    allowed_detail_http_methods: Vec<String>,
    allowed_list_http_methods: Vec<String>,
    default_format: &'static str,
    default_limit: u64,
    fields: BTreeMap<&'static str, Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filtering: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Described {
    blank: bool,
    default: Value,
    help_text: &'static str,
    nullable: bool,
    readonly: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_type: Option<&'static str>,
    #[serde(rename = "type")]
    kind: &'static str,
    unique: bool,
}

struct Field {
    name: &'static str,
    kind: Kind,
    default: Otherwise,
    traits: &'static [Trait],
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Date,
    ToOne,
    ToMany,
}

/// The value of a field that was not sent.
#[derive(Clone, Copy)]
enum Otherwise {
    Nothing,
    Null,
    Empty,
    Is(bool),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trait {
    Blank,
    Nullable,
    ReadOnly,
    Unique,
}

/// Declares the fields of a resource, one a line.
macro_rules! fields {
    ($($name:ident: $kind:ident $default:expr, [$($quality:ident)*];)+) => {{
        const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            kind: Kind::$kind,
            default: $default,
            traits: &[$(Trait::$quality),*],
        }),+];
        FIELDS
    }};
}

fn fields(resource: Resource) -> &'static [Field] {
    use Otherwise::{Empty, Is, Nothing, Null};

    match resource {
        Resource::Group => fields! {
            name: Text Nothing, [Unique];
            resource_uri: Text Nothing, [ReadOnly];
        },
        Resource::Project => fields! {
            auth_groups: ToMany Nothing, [];
            description: Text Empty, [Blank];
            enqueue_is_enabled: Boolean Is(true), [Blank];
            id: Integer Empty, [Blank Unique];
            resource_uri: Text Nothing, [ReadOnly];
            title: Text Nothing, [];
            worker_pools: ToMany Nothing, [];
        },
        Resource::WorkerPool => fields! {
            description: Text Empty, [Blank];
            enqueue_is_enabled: Boolean Is(true), [Blank];
            id: Integer Empty, [Blank Unique];
            resource_uri: Text Nothing, [ReadOnly];
            title: Text Nothing, [];
            workers: ToMany Nothing, [];
        },
        Resource::Worker => fields! {
            api_key: Text Nothing, [Unique];
            concurrent_jobs: Integer Nothing, [Nullable];
            description: Text Empty, [Blank];
            enqueue_is_enabled: Boolean Is(true), [Blank];
            id: Integer Empty, [Blank Unique];
            ping_response_dts: Date Nothing, [Nullable];
            resource_uri: Text Nothing, [ReadOnly];
            title: Text Nothing, [];
            worker_version: Text Nothing, [Nullable];
        },
        Resource::JobTemplate => fields! {
            description: Text Empty, [Blank];
            enqueue_is_enabled: Boolean Is(true), [Blank];
            id: Integer Empty, [Blank Unique];
            project: ToOne Nothing, [];
            resource_uri: Text Nothing, [ReadOnly];
            title: Text Nothing, [];
        },
        Resource::Job => fields! {
            children: ToMany Nothing, [Nullable];
            description: Text Empty, [Blank];
            disable_enqueue_after_fails: Integer Nothing, [Nullable];
            enqueue_is_enabled: Boolean Is(true), [Blank];
            id: Integer Empty, [Blank Unique];
            job_template: ToOne Nothing, [];
            notification_addresses: Text Empty, [Blank];
            parent: ToOne Nothing, [Nullable];
            reschedule_interval: Integer Nothing, [Nullable];
            reschedule_interval_type: Text Empty, [Blank];
            resource_uri: Text Nothing, [ReadOnly];
            run_on_all_workers: Boolean Is(false), [Blank];
            schedule_children_on_error: Boolean Is(false), [Blank];
            script_content: Text Empty, [];
            script_content_partial: Text Empty, [];
            title: Text Nothing, [];
            worker_pool: ToOne Nothing, [];
        },
        Resource::Run => fields! {
            enqueue_dts: Date Nothing, [Nullable];
            id: Integer Empty, [Blank Unique];
            is_manual: Boolean Is(false), [Blank];
            job: ToOne Nothing, [];
            pid: Integer Null, [Nullable];
            resource_uri: Text Nothing, [ReadOnly];
            return_dts: Date Nothing, [Nullable];
            return_success: Boolean Null, [Nullable];
            run_log: ToOne Nothing, [Blank Nullable];
            schedule_children: Boolean Is(true), [Blank];
            schedule_dts: Date Nothing, [];
            schedule_id: Integer Null, [Nullable];
            start_dts: Date Nothing, [Nullable];
            worker: ToOne Nothing, [Blank Nullable];
        },
        Resource::KillRequest => fields! {
            enqueue_dts: Date Nothing, [Nullable];
            execute_dts: Date Nothing, [Nullable];
            id: Integer Empty, [Blank Unique];
            resource_uri: Text Nothing, [ReadOnly];
            run: ToOne Nothing, [];
            schedule_dts: Date Nothing, [];
        },
        Resource::RunLog => fields! {
            content: Text Null, [Nullable];
            id: Integer Empty, [Blank Unique];
            resource_uri: Text Nothing, [ReadOnly];
            run: ToOne Nothing, [];
        },
    }
}

/// Whether a resource has a field of this name.
pub(crate) fn has_field(resource: Resource, name: &str) -> bool {
    fields(resource).iter().any(|field| field.name == name)
}

/// What a list may be narrowed by: 1 means with any lookup, 2 also through the relation.
fn filtering(resource: Resource) -> Option<Value> {
    Some(match resource {
        Resource::Project => json!({"id": "exact", "title": "exact"}),
        Resource::WorkerPool => json!({"title": "exact"}),
        Resource::Worker => json!({"api_key": 1}),
        Resource::JobTemplate => json!({"project": 2, "title": "exact"}),
        Resource::Job => json!({"job_template": 2, "title": "exact"}),
        Resource::Run => json!({"is_manual": 1, "job": 2, "schedule_dts": 1, "worker": 2}),
        Resource::Group | Resource::KillRequest | Resource::RunLog => return None,
    })
}

pub(crate) fn schema(resource: Resource) -> Schema {
    Schema {
        allowed_detail_http_methods: lower_case(resource.detail_methods()),
        allowed_list_http_methods: lower_case(resource.list_methods()),
        default_format: "application/json",
        default_limit: LIMIT_DEFAULT,
        fields: fields(resource)
            .iter()
            .map(|field| (field.name, Described::of(field)))
            .collect(),
        filtering: filtering(resource),
    }
}

fn lower_case(methods: &[Method]) -> Vec<String> {
    let names = methods.iter().map(Method::as_str);
    names.map(str::to_ascii_lowercase).collect()
}

impl Described {
    fn of(field: &Field) -> Self {
        let is = |quality| field.traits.contains(&quality);
        let (kind, related_type, help_text) = match field.kind {
            Kind::Text => ("string", None, "A text."),
            Kind::Integer => ("integer", None, "A whole number."),
            Kind::Boolean => ("boolean", None, "True or false."),
            Kind::Date => (
                "datetime",
                None,
                "A date and a time, on the server's clock unless an offset follows.",
            ),
            Kind::ToOne => ("related", Some("to_one"), "The URI of another resource."),
            Kind::ToMany => ("related", Some("to_many"), "The URIs of other resources."),
        };
        Self {
            blank: is(Trait::Blank),
            default: match field.default {
                Otherwise::Nothing => json!(NO_DEFAULT),
                Otherwise::Null => Value::Null,
                Otherwise::Empty => json!(""),
                Otherwise::Is(value) => json!(value),
            },
            help_text,
            nullable: is(Trait::Nullable),
            readonly: is(Trait::ReadOnly),
            related_type,
            kind,
            unique: is(Trait::Unique),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_that_of_the_contract() {
        let run = serde_json::to_value(schema(Resource::Run)).unwrap();
        assert_eq!(run["allowed_detail_http_methods"], json!(["get", "patch"]));
        assert_eq!(run["allowed_list_http_methods"], json!(["get", "post"]));
        assert_eq!(run["default_format"], "application/json");
        assert_eq!(run["default_limit"], 200);
        for (pointer, expected) in [
            ("/fields/id/default", json!("")),
            ("/fields/id/unique", json!(true)),
            ("/fields/schedule_children/default", json!(true)),
            ("/fields/is_manual/default", json!(false)),
            ("/fields/pid/default", Value::Null),
            ("/fields/schedule_dts/default", json!(NO_DEFAULT)),
            ("/fields/schedule_dts/nullable", json!(false)),
            ("/fields/start_dts/nullable", json!(true)),
            ("/fields/start_dts/type", json!("datetime")),
            ("/fields/worker/type", json!("related")),
            ("/fields/worker/related_type", json!("to_one")),
            ("/fields/resource_uri/readonly", json!(true)),
            ("/filtering/worker", json!(2)),
        ] {
            assert_eq!(run.pointer(pointer), Some(&expected), "{pointer}");
        }
        assert_eq!(run.pointer("/fields/pid/related_type"), None);
    }

    /// What 5.10 lists for all resources together.
    #[test]
    fn what_may_be_empty_and_what_is_unique_is_what_the_contract_lists() {
        let listed = |quality: &str| {
            let mut found = Vec::new();
            for resource in Resource::ALL {
                let schema = serde_json::to_value(schema(resource)).unwrap();
                for (name, field) in schema["fields"].as_object().unwrap() {
                    if field[quality] == true {
                        found.push(format!("{}.{name}", resource.name()));
                    }
                }
            }
            found.join(" ")
        };
        assert_eq!(
            listed("nullable"),
            "worker.concurrent_jobs worker.ping_response_dts worker.worker_version job.children \
             job.disable_enqueue_after_fails job.parent job.reschedule_interval run.enqueue_dts run.pid \
             run.return_dts run.return_success run.run_log run.schedule_id run.start_dts run.worker \
             kill_request.enqueue_dts kill_request.execute_dts run_log.content"
        );
        assert_eq!(
            listed("unique"),
            "group.name project.id worker_pool.id worker.api_key worker.id job_template.id job.id run.id \
             kill_request.id run_log.id"
        );
        let filtering: Vec<Value> = Resource::ALL
            .map(|resource| serde_json::to_value(schema(resource)).unwrap()["filtering"].clone())
            .to_vec();
        let expected = json!([
            null,
            {"id": "exact", "title": "exact"},
            {"title": "exact"},
            {"api_key": 1},
            {"project": 2, "title": "exact"},
            {"job_template": 2, "title": "exact"},
            {"is_manual": 1, "job": 2, "schedule_dts": 1, "worker": 2},
            null,
            null,
        ]);
        assert_eq!(json!(filtering), expected);
        let group = serde_json::to_value(schema(Resource::Group)).unwrap();
        assert_eq!(group.get("filtering"), None);
        assert_eq!(group.pointer("/fields/id"), None);
    }
}
