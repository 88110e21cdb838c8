//! A GitLab of our own: logs of jobs, for those who have the token.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;

type Logs = Arc<BTreeMap<i64, String>>;

/// Serves these logs, and returns what `GITLAB_URL` would be.
pub(crate) async fn serve(logs: &[(i64, &str)]) -> String {
    let logs = logs.iter().map(|(job, log)| (*job, (*log).to_owned()));
    let app = Router::new()
        .route("/api/v4/projects/1/jobs/{job}/trace", get(trace))
        .with_state(Arc::new(logs.collect::<BTreeMap<_, _>>()));
    format!("{}/api/v4/projects/1", serve_app(app).await)
}

/// Serves anything on a free port of loopback, and returns its address.
pub(crate) async fn serve_app(app: Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

async fn trace(
    State(logs): State<Logs>,
    headers: HeaderMap,
    Path(job): Path<i64>,
) -> Result<String, StatusCode> {
    match headers.get("private-token") {
        Some(token) if token == crate::app::SECRETS[1] => {
            logs.get(&job).cloned().ok_or(StatusCode::NOT_FOUND)
        }
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}
