//! When a credential that was good ceases to be: it is revoked, expires, or loses the role or the
//! scope.

use projections::Tokens;
use std::time::Duration;

use domain::core::token::Role;

use super::{Identity, check};
use crate::App;

/// How long a token that expires is not looked at, at most: the machine's clock may be set
/// meanwhile.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(30);

/// Ends when it does, with the reason. Without a token there is nothing to lose.
pub(super) fn of(
    identity: Option<&Identity>,
    app: App,
    role: Role,
    scope: &'static str,
) -> impl Future<Output = &'static str> + Send + use<> {
    let id = identity.map(|identity| identity.id.clone());
    let mut changed = app.views.changed::<Tokens>();
    async move {
        let Some(id) = id else {
            return std::future::pending().await;
        };
        loop {
            let wanted = id.clone();
            let row = app
                .views
                .ask(move |views| views.of::<Tokens>()?.get(&wanted));
            let now = app.commands.clock().now();
            let expires_at = match row.await {
                Ok(Some(row)) if row.revoked_at.is_some() => return "the token was revoked",
                Ok(Some(row)) if !row.is_valid(now) => return "the token has expired",
                Ok(Some(row)) if check(row.role, &row.scopes, role, scope).is_err() => {
                    return "the token no longer has the scope";
                }
                Ok(Some(row)) => row.expires_at,
                Ok(None) => return "the token is not known",
                // The view is being rebuilt, which is announced as a change when it is done.
                Err(_) => None,
            };
            let left = expires_at.map(|end| Duration::try_from(end.duration_since(now)));
            let rest = async {
                match left {
                    Some(left) => {
                        let left = left.unwrap_or_default().min(LOOK_INTERVAL_MAX);
                        tokio::time::sleep(left).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = rest => {}
                changed = changed.changed() => if changed.is_err() {
                    return "the server is shutting down";
                }
            }
        }
    }
}
