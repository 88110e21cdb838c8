//! The caller and its rights.

use axum::extract::{FromRef, FromRequestParts};
use domain::core::token::Role;
use domain::{Actor, ActorKind, Metadata};
use futures::future::BoxFuture;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::Timestamp;
use people::secret::{CREDENTIAL_BYTES_MAX, token_hash};
use projections::Tokens;
use subtle::ConstantTimeEq;

use crate::{App, Problem, RequestContext};

mod lapse;

/// The caller. As an extractor it refuses a request without a credential, unless anonymous requests
/// have a role. It is the first argument of a handler, so that it is checked before the path, the
/// query and the body.
#[derive(Clone, Debug)]
pub struct Caller {
    identity: Option<Identity>,
    anonymous_role: Option<Role>,
    context: RequestContext,
}

#[derive(Clone, Debug)]
struct Identity {
    id: String,
    name: String,
    role: Role,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
}

/// How far a token reaches: what its holder may do, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// What its holder may do.
    pub role: Role,
    /// The only scopes in which the role counts; all when there are none.
    pub scopes: &'a [String],
    /// When it ceases to be accepted by itself; never when there is none.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// Whether the caller has a role in a scope.
    ///
    /// # Errors
    /// 401 without a credential, 403 for one that is not enough.
    pub fn may(&self, role: Role, scope: &str) -> Result<(), Problem> {
        let Some(identity) = &self.identity else {
            return match self.anonymous_role {
                Some(given) if given >= role => Ok(()),
                _ => Err(missing()),
            };
        };
        check(identity.role, &identity.scopes, role, scope)
    }

    /// Ends with the reason when the caller's credential is no longer enough for a role in a scope.
    /// For long answers, whose rights were checked only at the start.
    pub fn lapse(
        &self,
        app: &App,
        role: Role,
        scope: &'static str,
    ) -> impl Future<Output = &'static str> + Send + use<> {
        lapse::of(self.identity.as_ref(), app.clone(), role, scope)
    }

    /// Whether the caller has a role in any scope at all. The scope is checked later, when the
    /// object of the request is known.
    ///
    /// # Errors
    /// As [`Caller::may`].
    pub fn may_somewhere(&self, role: Role) -> Result<(), Problem> {
        let scope = self.identity.as_ref().and_then(|one| one.scopes.first());
        self.may(role, scope.map_or("", String::as_str))
    }

    /// Checks that a token has no more rights than the caller's own: no caller issues or revokes a
    /// token that may do more or is valid for longer.
    ///
    /// # Errors
    /// 403 that names what goes too far.
    pub fn covers(&self, other: Reach<'_>) -> Result<(), Problem> {
        let Some(own) = &self.identity else {
            return Ok(());
        };
        let no = |reason: String| Err(Problem::forbidden(reason));
        if other.role > own.role {
            let (theirs, own) = (name_of(other.role), name_of(own.role));
            return no(format!(
                "the token has the role {theirs}, and yours has the role {own}"
            ));
        }
        if !own.scopes.is_empty() {
            if other.scopes.is_empty() {
                return no("the token is good for every scope, and yours is not".to_owned());
            }
            let mut beyond = other
                .scopes
                .iter()
                .filter(|scope| !own.scopes.contains(scope));
            if let Some(scope) = beyond.next() {
                return no(format!(
                    "the token has the scope {scope}, and yours has not"
                ));
            }
        }
        match (own.expires_at, other.expires_at) {
            (Some(own), None) => no(format!(
                "the token never expires, and yours expires at {own}"
            )),
            (Some(own), Some(theirs)) if theirs > own => {
                no(format!("the token expires at {theirs}, and yours at {own}"))
            }
            _ => Ok(()),
        }
    }

    /// The id of the caller's token, when there is one.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.id.as_str())
    }

    /// The token's name, when there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.identity
            .as_ref()
            .map(|identity| identity.name.as_str())
    }

    /// The request.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// What every event that this caller causes carries.
    #[must_use]
    pub fn metadata(&self, dialect: &str) -> Metadata {
        let anonymous = || Actor {
            kind: ActorKind::Anonymous,
            id: "anonymous".to_owned(),
            display: None,
        };
        Metadata {
            actor: Some(
                self.identity
                    .as_ref()
                    .map_or_else(anonymous, Identity::actor),
            ),
            ..self.context.metadata(dialect)
        }
    }
}

/// Whether a role that is limited to scopes is enough.
fn check(own: Role, scopes: &[String], role: Role, scope: &str) -> Result<(), Problem> {
    if own < role {
        return Err(Problem::forbidden(format!(
            "this needs the role {}",
            name_of(role)
        )));
    }
    if !scopes.is_empty() && !scopes.iter().any(|known| known == scope) {
        return Err(Problem::forbidden(format!("this needs the scope {scope}")));
    }
    Ok(())
}

impl Identity {
    fn actor(&self) -> Actor {
        Actor {
            kind: ActorKind::Token,
            id: self.id.clone(),
            display: Some(self.name.clone()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let CallerIfAny(caller) = CallerIfAny::from_request_parts(parts, state).await?;
        if caller.identity.is_none() && caller.anonymous_role.is_none() {
            return Err(missing());
        }
        Ok(caller)
    }
}

/// The caller, where a request without a credential is answered as well. A credential that is
/// presented must be valid.
#[derive(Clone, Debug)]
pub struct CallerIfAny(pub Caller);

impl<S: Sync> FromRequestParts<S> for CallerIfAny
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = match RequestContext::from_request_parts(parts, state).await {
            Ok(context) => context,
            Err(never) => match never {},
        };
        caller(App::from_ref(state), context, &parts.headers).await
    }
}

fn caller(
    app: App,
    context: RequestContext,
    headers: &HeaderMap,
) -> BoxFuture<'_, Result<CallerIfAny, Problem>> {
    Box::pin(async move {
        let identity = match headers.get(AUTHORIZATION) {
            None => None,
            Some(header) => {
                let presented = header.to_str().ok().and_then(bearer);
                let identity = identify(&app, presented.ok_or_else(refused)?).await?;
                context.authenticate(identity.actor());
                Some(identity)
            }
        };
        Ok(CallerIfAny(Caller {
            identity,
            anonymous_role: app.settings.anonymous_role,
            context,
        }))
    })
}

fn missing() -> Problem {
    Problem::unauthenticated("send an API token as `Authorization: Bearer …`")
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    let fits = (1..=CREDENTIAL_BYTES_MAX).contains(&token.len());
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

async fn identify(app: &App, presented: &str) -> Result<Identity, Problem> {
    // Right after a start the view may know neither the newest tokens nor which were revoked.
    app.wait_for_tokens().await?;
    let hash = token_hash(presented);
    let asked = hash.clone();
    let found = app
        .views
        .ask(move |views| views.of::<Tokens>()?.by_hash(&asked))
        .await?;
    // The index has found the hash by its bytes; that it is this one is compared in constant time.
    let row = found.filter(|row| row.hash.as_bytes().ct_eq(hash.as_bytes()).into());
    let row = row
        .filter(|row| row.is_valid(app.commands.clock().now()))
        .ok_or_else(refused)?;
    Ok(Identity {
        id: row.id,
        name: row.name,
        role: row.role,
        scopes: row.scopes,
        expires_at: row.expires_at,
    })
}

fn refused() -> Problem {
    // One answer for unknown, expired and revoked: a caller without a token must not learn which it
    // was.
    Problem::unauthenticated("the credential is not valid")
}

/// The role as it is written in tokens.
#[must_use]
pub fn name_of(role: Role) -> &'static str {
    match role {
        Role::Reader => "reader",
        Role::Operator => "operator",
        Role::Admin => "admin",
    }
}
