//! The pages on which people log in and out: plain HTML, without anything from elsewhere.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use web::AsIs;

/// A page may send its form to us, and do nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// The page on which people log in.
pub(super) fn log_in(status: StatusCode, csrf: &str, next: &str, said: &str) -> Response {
    let (csrf, next, said) = (escaped(csrf), escaped(next), escaped(said));
    let said = match said.is_empty() {
        true => String::new(),
        false => format!("<p role=\"alert\">{said}</p>\n"),
    };
    let form = format!(
        "{said}<form method=\"post\" action=\"/accounts/login/\">
<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{csrf}\">
<input type=\"hidden\" name=\"next\" value=\"{next}\">
<p><label>Name <input name=\"username\" autocomplete=\"username\" required autofocus></label></p>
<p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label></p>
<p><button>Log in</button></p>
</form>"
    );
    page(status, "Log in", &form)
}

/// The page on which people log out.
pub(super) fn log_out(csrf: &str) -> Response {
    let csrf = escaped(csrf);
    let form = format!(
        "<form method=\"post\" action=\"/accounts/logout/\">
<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{csrf}\">
<p><button>Log out</button></p>
</form>"
    );
    page(StatusCode::OK, "Log out", &form)
}

fn page(status: StatusCode, title: &str, form: &str) -> Response {
    let html = format!(
        "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>{title} – Tallyman</title></head>
<body>
<h1>{title}</h1>
{form}
</body>
</html>
"
    );
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    let mut response = (status, headers, html).into_response();
    response.extensions_mut().insert(AsIs);
    response
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
