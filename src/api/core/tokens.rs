//! API tokens.

use ::projections::Tokens;
use ::projections::core::tokens::TokenRow;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::core::token::{Issued, Role, Token as Aggregate, TokenCommand};
use http::StatusCode;
use jiff::Timestamp;
use people::secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use web::paging::Listing;
use web::{App, Caller, Path, Problem, Query, Reach, Unread, View, name_of};

use crate::parameters::{AsOfParams, Reason};
use crate::reads::{self, Page, PageParams};
use crate::scopes;

/// The scope of reading here.
const READ: &str = "tokens:read";
/// The scope of changing something here.
const WRITE: &str = "tokens:write";

/// The longest name of a token, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// How many scopes one token may be limited to.
const SCOPES_MAX: usize = 64;
/// How much of an unknown scope an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 64;

/// An API token, without the token itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Token {
    /// The token's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `reader`, `operator` or `admin`; each includes the ones before it.
    pub role: &'static str,
    /// If not empty, the only scopes in which the role applies.
    pub scopes: Vec<String>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// When it expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// A new token; its secret is shown only once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewToken {
    /// The token's description.
    #[serde(flatten)]
    pub token: Token,
    /// The token itself. It cannot be shown again: only its hash is stored.
    #[schema(example = "tally_…")]
    pub secret: String,
}

/// A token to issue.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueToken {
    /// Its name.
    name: String,
    /// `reader`, `operator` or `admin`.
    #[schema(value_type = String, example = "reader")]
    role: Role,
    /// If not empty, the only scopes in which the role applies.
    #[serde(default)]
    scopes: Vec<String>,
    /// When it expires.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// The caller's reason; it is stored with the event.
    #[serde(default)]
    reason: Option<String>,
}

impl Token {
    fn of(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            role: name_of(row.role),
            scopes: row.scopes,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl IssueToken {
    fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let mut problem = Problem::bad_request("invalid token request");
        if !(1..=NAME_BYTES_MAX).contains(&self.name.trim().len())
            || self.name.chars().any(char::is_control)
        {
            problem = problem.at(
                "name",
                format!("expected 1 to {NAME_BYTES_MAX} bytes without control characters"),
            );
        }
        if self.scopes.len() > SCOPES_MAX {
            problem = problem.at(
                "scopes",
                format!(
                    "{} scopes; at most {SCOPES_MAX} are allowed",
                    self.scopes.len()
                ),
            );
        }
        let mut scopes = self.scopes.iter();
        if let Some(unknown) = scopes.find(|scope| !scopes::is_known(scope)) {
            let shown: String = unknown.chars().take(SHOWN_CHARS_MAX).collect();
            let known: Vec<String> = scopes::all().collect();
            let known = known.join(", ");
            problem = problem.at(
                "scopes",
                format!("unknown scope `{shown}`: expected one of {known}"),
            );
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            problem = problem.at("expires_at", "is in the past");
        }
        if problem.errors.is_empty() {
            Ok(())
        } else {
            Err(problem)
        }
    }
}

/// List tokens, revoked ones included.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(PageParams),
    responses((status = 200, body = Listing<Token>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<PageParams>,
) -> Result<View<Listing<Token>>, Problem> {
    caller.may(Role::Admin, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    page.of(
        &app,
        move |views, cursor, limit| views.of::<Tokens>()?.list(cursor, limit),
        Token::of,
    )
    .await
}

/// Get a token, now or as of a moment.
#[utoipa::path(get, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id"), AsOfParams),
    responses((status = 200, body = Token)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Result<View<Token>, Problem> {
    caller.may(Role::Admin, READ)?;
    reads::row::<Tokens, _>(&app, &params, &id, unknown(), Token::of).await
}

/// Issue a token. Only this answer shows it.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = IssueToken,
    responses((status = 201, description = "The token was issued and is accepted", body = NewToken)))]
pub(crate) async fn issue(
    State(app): State<App>,
    caller: Caller,
    unread: Unread,
) -> Result<Response, Problem> {
    caller.may(Role::Admin, WRITE)?;
    let mut body: IssueToken = unread.json(&app).await?;
    let metadata = Reason::of(body.reason.take()).metadata_of(&caller)?;
    let at = app.commands.clock().now();
    body.check(at)?;
    caller.covers(Reach {
        role: body.role,
        scopes: &body.scopes,
        expires_at: body.expires_at,
    })?;
    let secret = secret::new_token().map_err(|error| {
        tracing::error!(%error, "the system's random number generator failed: {error}");
        Problem::unavailable("cannot make a token at present").retry_after(5)
    })?;
    let id = Uuid::now_v7().to_string();
    let command = TokenCommand::Issue(Issued {
        name: body.name,
        hash: secret::token_hash(&secret),
        role: body.role,
        scopes: body.scopes,
        expires_at: body.expires_at,
        at,
    });
    app.execute::<Aggregate, _>(&metadata, &id, command, Problem::from)
        .await?;
    let position = app.views.position();
    let token = Token::of(find(&app, id).await?);
    let answer = View {
        position,
        body: NewToken { token, secret },
    };
    Ok((StatusCode::CREATED, answer).into_response())
}

/// Revoke a token.
///
/// A token may revoke itself, and other tokens with no more rights than it has.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    request_body = Option<Reason>,
    responses((status = 200, body = Token)))]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    unread: Unread,
) -> Result<View<Token>, Problem> {
    caller.may(Role::Admin, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    let row = find(&app, id.clone()).await?;
    if caller.token_id() != Some(id.as_str()) {
        caller.covers(Reach {
            role: row.role,
            scopes: &row.scopes,
            expires_at: row.expires_at,
        })?;
    }
    let at = app.commands.clock().now();
    let command = TokenCommand::Revoke { at };
    app.execute::<Aggregate, _>(&metadata, &id, command, Problem::from)
        .await?;
    let position = app.views.position();
    let body = Token::of(find(&app, id).await?);
    Ok(View { position, body })
}

async fn find(app: &App, id: String) -> Result<TokenRow, Problem> {
    let row = app
        .views
        .ask(move |views| views.of::<Tokens>()?.get(&id))
        .await?;
    row.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("token not found")
}
