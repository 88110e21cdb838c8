//! Requests to other servers, for `tallyman doctor`.

use std::time::Duration;

/// How long another server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How much of an answer is read, in characters.
const ANSWER_CHARS_MAX: usize = 2000;

/// The status and the beginning of the answer to a request, or what kind of failure there was.
///
/// # Errors
/// When there is no answer, without the address, which may hold a secret.
pub(crate) async fn answer_to(request: reqwest::RequestBuilder) -> Result<(u16, String), String> {
    // An error's own text may hold the address with its secrets, so only its kind is given.
    let kind = |error: reqwest::Error| {
        let kind = if error.is_timeout() {
            "no answer in time"
        } else {
            "no connection"
        };
        kind.to_owned()
    };
    let response = request.timeout(ANSWER_WITHIN).send().await.map_err(kind)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(kind)?;
    Ok((status, text.chars().take(ANSWER_CHARS_MAX).collect()))
}
