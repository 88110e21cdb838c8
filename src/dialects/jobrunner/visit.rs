//! A request of a known caller, with everything that answers need.

use axum::response::Response;
use commands::{CommandError, Transaction};
use domain::Metadata;
use http::header::ACCEPT;
use jiff::tz::TimeZone;
use web::{App, RequestContext};

use crate::caller::Caller;
use crate::parameters::Parameters;
use crate::raw_request::RawRequest;
use crate::refusal::{Refusal, Reply};
use crate::{JobRunner, answer};

/// A request of a known caller.
pub(crate) struct Visit<'a> {
    pub(crate) dialect: &'a JobRunner,
    pub(crate) app: &'a App,
    pub(crate) caller: Caller,
    pub(crate) request: &'a RawRequest,
    pub(crate) parameters: Parameters,
    pub(crate) metadata: Metadata,
}

impl<'a> Visit<'a> {
    /// # Errors
    /// 400 when the query is none.
    pub(crate) fn of(
        dialect: &'a JobRunner,
        app: &'a App,
        caller: Caller,
        request: &'a RawRequest,
        context: &RequestContext,
    ) -> Reply<Self> {
        Ok(Self {
            metadata: caller.metadata(context),
            parameters: Parameters::read(request.uri.query().unwrap_or_default())?,
            dialect,
            app,
            caller,
            request,
        })
    }

    /// Whose clock dates mean.
    pub(crate) fn zone(&self) -> &'a TimeZone {
        &self.dialect.settings().time_zone
    }

    /// Refuses a client that does not accept JSON. Browsers get JSON as well.
    ///
    /// # Errors
    /// 400 for another `format`, 406 for an `Accept` that JSON does not satisfy.
    pub(crate) fn check_format(&self) -> Reply<()> {
        if let Some(format) = self.parameters.last("format") {
            return match format {
                "json" => Ok(()),
                _ => Err(Refusal::about("format", "there is json and nothing else")),
            };
        }
        let Some(accept) = self.request.headers.get(ACCEPT) else {
            return Ok(());
        };
        let accepted = accept.to_str().unwrap_or("*/*").split(',').any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            let known = ["*/*", "application/*", "application/json", "text/html", ""];
            known.iter().any(|name| range.eq_ignore_ascii_case(name))
        });
        if accepted {
            Ok(())
        } else {
            let problem =
                web::Problem::not_acceptable("there is application/json and nothing else");
            Err(Refusal::App(problem))
        }
    }

    /// Carries out a unit of work of the caller and waits until the views show it: old clients send
    /// the next request right after they have written.
    ///
    /// # Errors
    /// What the work refuses, and 503 when the views take too long.
    pub(crate) async fn transact<T, R, F>(
        &self,
        refuse: impl FnOnce(CommandError<R>) -> Refusal,
        work: impl Fn(Transaction) -> F,
    ) -> Reply<T>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        self.app.transact(&self.metadata, refuse, work).await
    }

    /// 201 and where the new thing is.
    pub(crate) fn created(&self, path: &str) -> Response {
        answer::created(&crate::raw_request::absolute(&self.request.headers, path))
    }
}
