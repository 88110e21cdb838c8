//! An app with a router.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use people::{People, Seal};
use tower::ServiceExt;
use web::{App, serve_through_gate};

use crate::{Backend, TestResponse};

/// An app with the routes that a test gives. At its end the views must be what the log makes of them.
pub struct TestApp {
    /// The app.
    pub app: App,
    /// Its routes, behind the gate of limits.
    pub router: Router,
    backend: Backend,
}

impl TestApp {
    /// Puts the routes of an app over a backend behind the gate.
    #[must_use]
    pub fn new(backend: Backend, app: App, routes: Router<App>) -> Self {
        let router = serve_through_gate(routes, app.clone());
        Self {
            app,
            router,
            backend,
        }
    }

    /// Sends a request and reads the whole response.
    pub async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = self.router.clone().oneshot(request).await.unwrap();
        TestResponse::read(response).await
    }

    /// A GET without headers.
    pub async fn get(&self, target: &str) -> TestResponse {
        self.send(Request::get(target).body(Body::empty()).unwrap())
            .await
    }
}

impl Deref for TestApp {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.backend
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.backend.check_views();
        }
    }
}

/// Users and their credentials, with secrets under this seal.
#[must_use]
pub fn people(app: &App, seal: Seal) -> People {
    let auditor = Arc::clone(&app.auditor);
    People::new(app.commands.clone(), app.views.clone(), auditor, seal)
}
