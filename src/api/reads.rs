//! Answers from views, with the position that they include.

use std::borrow::Borrow;

use ::projections::{self, Cursor, PAGE_BYTES_MAX, RowAsOf, TableError, Views};
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::{self, Listing};
use web::{App, Charge, Problem, View};

use crate::parameters;
use crate::parameters::AsOfParams;

/// Queries the views.
///
/// # Errors
/// The error of the query.
pub(crate) async fn view<T, E>(
    app: &App,
    ask: impl FnOnce(&Views) -> Result<T, E> + Send + 'static,
) -> Result<View<T>, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    // Read before the query: an answer may include more than it promises, never less.
    let position = app.views.position();
    let body = app.views.ask(ask).await.map_err(Into::into)?;
    Ok(View { position, body })
}

/// Queries one row, and shows it.
///
/// # Errors
/// `unknown`, when there is none.
pub(crate) async fn one<R, T>(
    app: &App,
    unknown: Problem,
    ask: impl FnOnce(&Views) -> Result<Option<R>, TableError> + Send + 'static,
    show: impl FnOnce(R) -> T,
) -> Result<View<T>, Problem>
where
    R: Send + 'static,
{
    let View { position, body } = view(app, ask).await?;
    let body = show(body.ok_or(unknown)?);
    Ok(View { position, body })
}

/// A row of a view, now or at the moment that the parameters name.
///
/// # Errors
/// `unknown`, when there is no such row, and when the view or the log cannot be read.
pub(crate) async fn row<V, T>(
    app: &App,
    params: &AsOfParams,
    key: &V::Key,
    unknown: Problem,
    show: impl FnOnce(V::Row) -> T,
) -> Result<View<T>, Problem>
where
    V: RowAsOf,
    V::Key: ToOwned<Owned: Send> + 'static,
    V::Row: 'static,
{
    let Some(moment) = params.moment(app)? else {
        let key = key.to_owned();
        return one(
            app,
            unknown,
            move |views| views.of::<V>()?.row(key.borrow()),
            show,
        )
        .await;
    };
    let position = app.views.position();
    let past = app.views.history().row_as_of::<V>(key, moment).await;
    let body = show(past.map_err(parameters::past)?.ok_or(unknown)?);
    Ok(View { position, body })
}

/// Reserves memory for a page while it is built: usual entries, or as much as any page may have.
///
/// # Errors
/// 503 when too many bytes of other answers wait to be read.
pub(crate) fn reserve(app: &App, limit: usize) -> Result<Charge, Problem> {
    const USUAL_ENTRY_BYTES: usize = 4096;
    let bytes = limit.saturating_mul(USUAL_ENTRY_BYTES);
    app.responses.reserve(bytes.min(PAGE_BYTES_MAX))
}

/// The page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    pub(crate) limit: Option<usize>,
    /// `next` of the previous page.
    pub(crate) cursor: Option<String>,
}

/// A valid page size and cursor.
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) cursor: Cursor,
}

impl Page {
    /// Checks the parameters.
    ///
    /// # Errors
    /// 400 when the size is out of range or the cursor invalid.
    pub(crate) fn asked(limit: Option<usize>, cursor: Option<&str>) -> Result<Self, Problem> {
        Ok(Self {
            limit: paging::limit(limit)?,
            cursor: paging::open(cursor)?,
        })
    }

    /// Queries this page, and shows its rows.
    ///
    /// # Errors
    /// The error of the query.
    pub(crate) async fn of<R, T>(
        self,
        app: &App,
        ask: impl FnOnce(&Views, &Cursor, usize) -> Result<projections::Listing<R>, TableError>
        + Send
        + 'static,
        show: impl FnMut(R) -> T,
    ) -> Result<View<Listing<T>>, Problem>
    where
        R: Send + 'static,
    {
        let Self { limit, cursor } = self;
        let _reserved = reserve(app, limit)?;
        let View { position, body } = view(app, move |views| ask(views, &cursor, limit)).await?;
        let body = Listing::of(body, show);
        Ok(View { position, body })
    }
}
