//! A client of the API: of a server over the network, or of an application opened in this process.
//!
//! Both have the same API, so every command is written once.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::arguments::Global;
use super::contexts::{Contexts, Known, address};
use super::directory::log_dir;
use super::{Exit, Failure, escape};
use crate::app::{self, Opened};
use crate::config::{self, Flags};

/// The timeout of one request.
const ANSWER_SECONDS_MAX: u64 = 60;

/// The largest answer that is read as a whole.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The most rows that one request fetches.
const PAGE_MAX: usize = 1000;

/// A way to call the API.
pub(super) struct Client {
    runtime: Runtime,
    way: Way,
    token: SecretString,
}

enum Way {
    Server {
        http: reqwest::Client,
        base: String,
    },
    Here {
        router: axum::Router,
        opened: Box<Opened>,
    },
}

/// What happens if the data directory does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    NotFound,
    Make,
}

impl Client {
    /// Runs requests through a new client, and closes it. It never creates a data directory.
    ///
    /// # Errors
    /// When no client is found ([`Self::find`]), when there is neither a server nor a log, or when a
    /// request fails.
    pub(super) fn through<T>(
        flags: &Flags,
        global: &Global,
        request: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Self::request_and_close(flags, global, Missing::NotFound, request)
    }

    /// The same for a command that may create the data directory.
    ///
    /// # Errors
    /// When no client is found ([`Self::find`]), or when a request fails.
    pub(super) fn through_or_make<T>(
        flags: &Flags,
        global: &Global,
        request: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Self::request_and_close(flags, global, Missing::Make, request)
    }

    fn request_and_close<T>(
        flags: &Flags,
        global: &Global,
        missing: Missing,
        request: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let client = Self::find(flags, global, missing)?;
        let answer = request(&client);
        client.close();
        answer
    }

    /// Finds the server of `--server` or `--context`; else, without `--data-dir`, that of the context in
    /// use; else the one that runs on the data directory; else opens the data directory itself.
    ///
    /// # Errors
    /// When there is no such context, or the directory belongs to a server that cannot be found, or cannot be
    /// opened.
    fn find(flags: &Flags, global: &Global, missing: Missing) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let loaded = config::load(flags, &std::env::vars().collect())?;
        let dir = loaded.config.data.dir.clone();
        let known = named(flags, global)?;
        let named = known.as_ref().map(|known| known.server.clone());
        if let Some(base) = named.clone().or_else(|| app::running_at(&dir)) {
            let token = match given(global)? {
                Some(token) => token,
                None => match known {
                    Some(known) => known.token.unwrap_or_default().into(),
                    None => app::admin_token(&dir).unwrap_or_default(),
                },
            };
            let http = reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(5))
                .build()?;
            let base = base.trim_end_matches('/').to_owned();
            return Ok(Self {
                runtime,
                way: Way::Server { http, base },
                token,
            });
        }
        if missing == Missing::NotFound {
            log_dir(&loaded.config)?;
        }
        let opened = runtime.block_on(app::open_quietly(loaded.config))?;
        let token = match given(global)? {
            Some(token) => token,
            None => opened.admin_token.clone(),
        };
        let router = opened.router();
        Ok(Self {
            runtime,
            way: Way::Here {
                router,
                opened: Box::new(opened),
            },
            token,
        })
    }

    /// Whether this is a server, which continues to run after the request.
    pub(super) fn is_server(&self) -> bool {
        matches!(self.way, Way::Server { .. })
    }

    /// Sends a request and reads the whole response as JSON.
    ///
    /// # Errors
    /// The problem of the API, with the exit code for its status.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        self.runtime.block_on(async {
            let (status, bytes) = tokio::time::timeout(
                Duration::from_secs(ANSWER_SECONDS_MAX),
                self.exchange(method, path, body),
            )
            .await
            .map_err(|_| {
                Failure::message(
                    Exit::Failed,
                    format!("timeout: no response to {path} in time"),
                )
            })??;
            answer(status, &bytes)
        })
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.request(Method::GET, path, None)
    }

    /// Fetches a list page by page until there are `limit` rows or no more.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub(super) fn list(
        &self,
        path: &str,
        pairs: &[(&str, Option<String>)],
        limit: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        while rows.len() < limit {
            let mut pairs = pairs.to_vec();
            pairs.push((
                "limit",
                Some((limit - rows.len()).min(PAGE_MAX).to_string()),
            ));
            pairs.push(("cursor", cursor.take()));
            let mut page = self.get(&format!("{path}{}", query(&pairs)))?;
            if let Some(items) = page["items"].as_array_mut() {
                rows.append(items);
            }
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        Ok(rows)
    }

    /// Follows an event stream, and passes the data of each message to `handle` until that returns false.
    ///
    /// # Errors
    /// As [`Client::request`], and when the stream breaks.
    pub(super) fn follow(
        &self,
        path: &str,
        mut handle: impl FnMut(&str) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let (status, mut chunks) = self.open_stream(path).await?;
            if !status.is_success() {
                let mut bytes = Vec::new();
                while let Some(chunk) = chunks.next().await {
                    bytes.extend_from_slice(&chunk?);
                }
                return answer(status, &bytes).map(|_| ());
            }
            let mut text = String::new();
            while let Some(chunk) = chunks.next().await {
                text.push_str(&String::from_utf8_lossy(&chunk?));
                while let Some(end) = text.find('\n') {
                    let line: String = text.drain(..=end).collect();
                    if let Some(data) = line.trim_end().strip_prefix("data:")
                        && !handle(data.trim_start())?
                    {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        match &self.way {
            Way::Server { http, base } => {
                let mut request = http.request(method, format!("{base}{path}"));
                if !self.token.expose_secret().is_empty() {
                    request = request.bearer_auth(self.token.expose_secret());
                }
                if let Some(body) = body {
                    request = request.json(body);
                }
                let response = request.send().await?;
                let status = response.status();
                Ok((status, response.bytes().await?.to_vec()))
            }
            Way::Here { router, .. } => {
                let request = self.local(method, path, body, "application/json")?;
                let response = router.clone().oneshot(request).await?;
                let status = response.status();
                let bytes = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
                Ok((status, bytes.to_vec()))
            }
        }
    }

    async fn open_stream(&self, path: &str) -> Result<(StatusCode, Chunks), Failure> {
        match &self.way {
            Way::Server { http, base } => {
                let response = http
                    .get(format!("{base}{path}"))
                    .header(header::ACCEPT, "text/event-stream")
                    .bearer_auth(self.token.expose_secret())
                    .send()
                    .await?;
                let status = response.status();
                let chunks = response
                    .bytes_stream()
                    .map(|chunk| chunk.map_err(Into::into));
                Ok((status, Box::pin(chunks)))
            }
            Way::Here { router, .. } => {
                let request = self.local(Method::GET, path, None, "text/event-stream")?;
                let response = router.clone().oneshot(request).await?;
                let status = response.status();
                let chunks = response.into_body().into_data_stream();
                Ok((
                    status,
                    Box::pin(chunks.map(|chunk| chunk.map_err(Into::into))),
                ))
            }
        }
    }

    fn local(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        accept: &str,
    ) -> Result<Request<Body>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/json");
        if !self.token.expose_secret().is_empty() {
            let credential = format!("Bearer {}", self.token.expose_secret());
            request = request.header(header::AUTHORIZATION, credential);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        Ok(request.body(body)?)
    }

    /// Closes what was opened for this request.
    fn close(self) {
        if let Way::Here { opened, .. } = self.way {
            self.runtime.block_on(opened.close());
        }
    }
}

/// The token from the flag or the environment, if it is not empty.
pub(super) fn given(global: &Global) -> Result<Option<SecretString>, Failure> {
    let token = global.token.as_deref().map(plain).transpose()?;
    Ok(token
        .filter(|token| !token.is_empty())
        .map(SecretString::from))
}

/// A token without surrounding blanks and line ends.
pub(super) fn plain(token: &str) -> Result<&str, Failure> {
    let token = token.trim();
    if token.chars().all(|c| matches!(c, '!'..='~')) {
        return Ok(token);
    }
    let text = "the token has characters that no HTTP header can carry: give it as it was printed when it was issued";
    Err(Failure::message(Exit::Usage, text))
}

/// The named server, or the one in use.
///
/// # Errors
/// When there is no such context.
pub(super) fn named(flags: &Flags, global: &Global) -> Result<Option<Known>, Failure> {
    if let Some(server) = &global.server {
        let (server, token) = (address(server)?, None);
        return Ok(Some(Known { server, token }));
    }
    let name = global.context.as_deref();
    if name.is_none() && flags.data_dir.is_some() {
        return Ok(None);
    }
    let known = Contexts::read()?.chosen(name)?.cloned();
    if let Some(known) = &known {
        // The file may have been edited.
        address(&known.server)?;
    }
    Ok(known)
}

type Chunks = std::pin::Pin<Box<dyn futures::Stream<Item = anyhow::Result<bytes::Bytes>> + Send>>;

fn answer(status: StatusCode, bytes: &[u8]) -> Result<Value, Failure> {
    if status.is_success() {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        return Ok(serde_json::from_slice(bytes)?);
    }
    let problem: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let mut words = text("detail");
    if words.is_empty() {
        words = text("title");
    }
    if words.is_empty() {
        words = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    }
    let exit = match status {
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::NotAuthorised,
        StatusCode::CONFLICT => Exit::Conflict,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Exit::Usage,
        _ => Exit::Failed,
    };
    // Each on one line: what a server quotes cannot pass for another message of ours.
    let mut reply = format!("{} ({status})", escape::one_line(&words));
    if let Some(seconds) = problem["retry_after"].as_u64() {
        reply.push_str(&format!("; try again in {seconds} s"));
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        let part = |name: &str| error[name].as_str().unwrap_or_default();
        let (field, message) = (
            escape::one_line(part("field")),
            escape::one_line(part("message")),
        );
        reply.push_str(&format!("\n  {field}: {message}"));
    }
    Err(Failure::message(exit, reply))
}

/// Encodes a value for a query string.
pub(super) fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&escaped(value));
        }
    }
    text
}

/// Percent-encodes everything but the characters that RFC 3986 leaves unreserved.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
