//! Records, one by one: what the routes of every kind do.
//!
//! Handlers of all kinds are the same, and are here; `record_routes!` declares the routes of a kind
//! in its context. A change goes through `provisioning`, as a document with one record in it.

mod routes;

use ::projections::{Cursor, PageBytes, RosterView, TableError};
use ::provisioning::{DocumentFields, Item, Kind, Which, one};
use axum::response::{IntoResponse, Response};
use domain::core::token::Role;
use domain::{Metadata, Record};
use eventlog::StreamName;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::paging::{self, Listing};
use web::{Caller, Problem, Unread, View};

use crate::Api;
use crate::core::events::{StreamParams, stream_page};
use crate::core::wire::EventPage;
use crate::parameters::{self, AsOfParams, Reason};
use crate::provisioning;
use crate::reads::{self, Page, PageParams};

pub(crate) use routes::record_routes;

/// How many rows of a list are read at once. A row may hold a script, so no more of them are held
/// than a page shows.
const AT_ONCE: usize = 32;

/// A kind of record with routes of its own.
pub(crate) trait Resource: Kind {
    /// Adds what is known of the present alone.
    ///
    /// # Errors
    /// 503 while the roster is not up to date.
    fn add_present(app: &Api, shown: &mut Self::Shown) -> Result<(), Problem> {
        let _ = (app, shown);
        Ok(())
    }
}

/// A thing as it is shown when it is new.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Made<T> {
    /// What is known of it from now on.
    #[serde(flatten)]
    thing: T,
    /// The generated secret of a worker. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

fn scope<R: Resource>(verb: &str) -> String {
    format!("{}:{verb}", R::Fields::PLURAL)
}

pub(crate) async fn list<R: Resource>(
    app: &Api,
    caller: &Caller,
    params: PageParams,
) -> Result<View<Listing<R::Shown>>, Problem> {
    caller.may(Role::Reader, &scope::<R>("read"))?;
    let Page { limit, cursor } = Page::asked(params.limit, params.cursor.as_deref())?;
    let from = from(&cursor)?;
    let _reserved = reads::reserve(app, limit)?;
    let position = app.views.position();
    // One more than is shown, to know whether there is a next page.
    let roster = app.views.of::<RosterView>()?;
    let numbers = roster.read(|roster| R::numbers(roster, from, limit + 1));
    let (mut items, mut bytes) = (Vec::with_capacity(limit), PageBytes::default());
    for some in numbers.chunks(AT_ONCE) {
        for (number, facts) in rows::<R>(app, some.to_vec()).await? {
            let shown = show_now::<R>(app, &facts).await?;
            if items.len() == limit || !bytes.fits(paging::bytes_of(&shown)?) {
                let next = Cursor::from_bytes(number.to_be_bytes());
                let next = Some(paging::seal(&next));
                let body = Listing { items, next };
                return Ok(View { position, body });
            }
            items.push(shown);
        }
    }
    let body = Listing { items, next: None };
    Ok(View { position, body })
}

/// The facts of these, as far as they exist.
async fn rows<R: Resource>(app: &Api, numbers: Vec<u64>) -> Result<Vec<(u64, R::Facts)>, Problem> {
    let rows = app.views.ask(move |views| {
        let view = views.of::<RosterView>()?;
        let rows = numbers.into_iter().filter_map(|number| {
            let row = view.row::<R>(number).transpose()?;
            Some(row.map(|row| (number, R::facts_of(&row.facts).clone())))
        });
        rows.collect::<Result<Vec<_>, TableError>>()
    });
    Ok(rows.await?)
}

fn from(cursor: &Cursor) -> Result<u64, Problem> {
    if cursor.is_start() {
        return Ok(0);
    }
    let bytes = cursor.as_bytes().try_into().map_err(|_| {
        Problem::bad_request("invalid `cursor`: it does not belong to this list")
            .at("cursor", "expected `next` of the previous page, unchanged")
    })?;
    Ok(u64::from_be_bytes(bytes))
}

pub(crate) async fn get<R: Resource>(
    app: &Api,
    caller: &Caller,
    number: u64,
    params: &AsOfParams,
) -> Result<View<R::Shown>, Problem> {
    caller.may(Role::Reader, &scope::<R>("read"))?;
    let position = app.views.position();
    let body = match params.moment(app)? {
        None => known::<R>(app, number).await?,
        Some(moment) => {
            let history = app.views.history();
            let key = number.to_string();
            let record = history.aggregate_as_of::<R>(&key, moment).await;
            let record = record.map_err(parameters::past)?;
            let facts = Record::facts(&record).ok_or_else(|| unknown::<R>(number))?;
            show::<R>(app, facts).await?
        }
    };
    Ok(View { position, body })
}

pub(crate) async fn history<R: Resource>(
    app: &Api,
    caller: &Caller,
    number: u64,
    params: &StreamParams,
) -> Result<View<EventPage>, Problem> {
    caller.may(Role::Reader, &scope::<R>("read"))?;
    let limit = paging::limit(params.limit)?;
    let stream = StreamName::new(R::CATEGORY, &number.to_string());
    let stream = stream.map_err(|_| unknown::<R>(number))?;
    let page = stream_page(app, &stream, params.from, limit).await;
    page.map_err(|problem| match problem.status() {
        StatusCode::NOT_FOUND => unknown::<R>(number),
        _ => problem,
    })
}

pub(crate) async fn create<R: Resource>(
    app: &Api,
    caller: &Caller,
    reason: Reason,
    unread: Unread,
) -> Result<Response, Problem> {
    caller.may(Role::Admin, &scope::<R>("write"))?;
    let metadata = reason.metadata_of(caller)?;
    let item = one::<R::Fields>(unread.json::<Value>(app).await?, Which::New);
    let item = item.map_err(provisioning::problem)?;
    let (number, secret) = change::<R>(app, &metadata, item).await?;
    let thing = known::<R>(app, number).await?;
    let path = format!("/v1/{}/{number}", R::Fields::PLURAL.replace('_', "-"));
    let answer = View {
        position: app.views.position(),
        body: Made { thing, secret },
    };
    let mut response = (StatusCode::CREATED, answer).into_response();
    if let Ok(path) = HeaderValue::from_str(&path) {
        response.headers_mut().insert(LOCATION, path);
    }
    Ok(response)
}

pub(crate) async fn edit<R: Resource>(
    app: &Api,
    caller: &Caller,
    number: u64,
    reason: Reason,
    unread: Unread,
) -> Result<View<R::Shown>, Problem> {
    caller.may(Role::Admin, &scope::<R>("write"))?;
    let metadata = reason.metadata_of(caller)?;
    let value = unread.json::<Value>(app).await?;
    row::<R>(app, number)
        .await?
        .ok_or_else(|| unknown::<R>(number))?;
    let item = one::<R::Fields>(value, Which::Number(number)).map_err(provisioning::problem)?;
    change::<R>(app, &metadata, item).await?;
    let body = known::<R>(app, number).await?;
    let position = app.views.position();
    Ok(View { position, body })
}

/// Changes one record; returns its number, and its secret when one was generated.
async fn change<R: Resource>(
    app: &Api,
    metadata: &Metadata,
    item: Item<R::Fields>,
) -> Result<(u64, Option<String>), Problem> {
    let document = R::document(item);
    let applied = app.provisioning.apply(metadata, document, false).await;
    let applied = applied.map_err(provisioning::problem)?;
    let records = applied.objects.into_values().flatten();
    let mut done = records.filter_map(|(_, record)| Some((record.id?, record.secret)));
    done.next()
        .ok_or_else(|| Problem::internal("nothing came of one thing"))
}

async fn row<R: Resource>(app: &Api, number: u64) -> Result<Option<R::Facts>, Problem> {
    let row = app
        .views
        .ask(move |views| views.of::<RosterView>()?.row::<R>(number));
    Ok(row.await?.map(|row| R::facts_of(&row.facts).clone()))
}

async fn known<R: Resource>(app: &Api, number: u64) -> Result<R::Shown, Problem> {
    let facts = row::<R>(app, number).await?;
    show_now::<R>(app, &facts.ok_or_else(|| unknown::<R>(number))?).await
}

async fn show_now<R: Resource>(app: &Api, facts: &R::Facts) -> Result<R::Shown, Problem> {
    let mut shown = show::<R>(app, facts).await?;
    R::add_present(app, &mut shown)?;
    Ok(shown)
}

async fn show<R: Resource>(app: &Api, facts: &R::Facts) -> Result<R::Shown, Problem> {
    let mut shown = app
        .views
        .of::<RosterView>()?
        .read(|roster| R::show(facts, roster));
    if let Some(text) = R::long_text(facts) {
        R::show_text(&mut shown, app.read_text(text).await?);
    }
    Ok(shown)
}

fn unknown<R: Resource>(number: u64) -> Problem {
    Problem::not_found(format!("no {} has the number {number}", R::WORD))
}
