//! The OpenAPI document and the documentation page. Nothing is fetched from elsewhere.

mod complete;
mod parameters;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use web::ProblemBody;

use crate::{Api, SECTIONS};

pub(crate) use complete::complete;

/// The name of the security scheme of our tokens in the document.
const BEARER: &str = "token";

/// The page may load only what this server serves.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// The document without operations: info, tags, shared schemas.
pub(crate) fn heading() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Tallyman")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("docs/introduction.md")))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").build(),
        ))
        .build();
    let tags = SECTIONS.iter().flat_map(|section| section.tags);
    let tag = |(name, about): &(&str, &str)| {
        TagBuilder::new()
            .name(*name)
            .description(Some(*about))
            .build()
    };
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token: `Authorization: Bearer tally_…`"))
        .build();
    let components = ComponentsBuilder::new()
        .schema(ProblemBody::name(), ProblemBody::schema())
        .schema(web::FieldError::name(), web::FieldError::schema())
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags.map(tag).collect::<Vec<_>>()))
        .components(Some(components))
        .build()
}

/// `/openapi.json` and the page that shows it.
pub(crate) fn routes(openapi: &OpenApi) -> Router<Api> {
    let document = Bytes::from(openapi.to_json().unwrap_or_default());
    let page = include_str!("docs/page.html");
    Router::new()
        .route(
            "/openapi.json",
            get(async move || file("application/json", document)),
        )
        .route(
            "/docs",
            get(async move || {
                file(
                    "text/html; charset=utf-8",
                    Bytes::from_static(page.as_bytes()),
                )
            }),
        )
        .route(
            "/docs/page.js",
            get(async || {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("docs/page.js"),
                )
            }),
        )
        .route(
            "/docs/page.css",
            get(async || asset("text/css; charset=utf-8", include_str!("docs/page.css"))),
        )
}

fn asset(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    file(media_type, Bytes::from_static(text.as_bytes()))
}

fn file(media_type: &'static str, body: Bytes) -> impl IntoResponse {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        // The next version of the program may serve another file.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, body)
}
