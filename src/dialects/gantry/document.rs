//! The dialect's routes, described for `/openapi.json`.

use std::collections::BTreeMap;

use utoipa::{OpenApi, ToSchema};

use crate::collect::Answer;

/// What is described.
#[derive(OpenApi)]
#[openapi(paths(collect, allocation), components(schemas(Allocation, Answer)))]
pub(crate) struct Document;

/// An allocation, as variables of a job.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the answer is written by hand; this describes it")]
struct Allocation {
    /// Every one is to be set in the job.
    #[schema(example = json!({"KUBERNETES_CPU_REQUEST": "11.779", "KUBERNETES_MEMORY_REQUEST": "9577M"}))]
    variables: BTreeMap<String, String>,
}

/// Take a job webhook of GitLab. Durable when it is answered.
#[utoipa::path(post, path = "/v1/collect", tag = "gantry", security(()),
    params(
        ("X-Gitlab-Token" = Option<String>, Header, description = "The source's secret token; or the delivery is signed as Standard Webhooks describes"),
        ("X-Gitlab-Event" = String, Header, description = "`Job Hook`; every other kind is ignored with a warning"),
        ("Idempotency-Key" = Option<String>, Header, description = "By which a repeat is known"),
    ),
    request_body(content = Object, description = "A job hook"),
    responses((status = 200, body = Answer)))]
#[expect(dead_code, reason = "it only carries the description")]
fn collect() {}

/// How much CPU and memory does this build need?
#[utoipa::path(get, path = "/v1/allocation", tag = "gantry", security(()),
    params(("spec" = String, Query, description = "`name@version +variant~variant name=value arch=…%compiler@version`; `+` means plus")),
    responses((status = 200, body = Allocation)))]
#[expect(dead_code, reason = "it only carries the description")]
fn allocation() {}
