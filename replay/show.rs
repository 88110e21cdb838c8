//! Shows one thing as it was: what had happened to it by then, and how it stood.
//!
//! Async; reads one stream.

use domain::{BuildsEvent, CoreEvent};
use std::sync::Arc;

use domain::builds::node::{Described, NodeEvent};
use domain::core::token::{Issued, TokenEvent};
use domain::{Event, Metadata};
use eventlog::{EventLog, Position, Recorded, Revision, StreamName};
use jiff::Timestamp;
use projections::builds::build::BuildRow;
use projections::builds::collections::CollectionRow;
use projections::{Builds, Collections, TableError, ViewsConfig};
use serde::Serialize;
use serde_json::Value as Json;

use crate::excerpt::Excerpt;
use crate::rebuild::fold_all;
use crate::story;
use crate::{AsOf, ToolError, ToolRun, unwatched};
use tables::MemoryTables;

/// What to show.
#[derive(Clone, Debug)]
pub struct Options {
    /// The stream of the thing, for example `build-default:9892514`.
    pub stream: StreamName,
    /// The moment; by default now.
    pub as_of: Option<AsOf>,
    /// How many events are shown, the last ones. The state rests on all of them.
    pub events_max: usize,
}

/// One thing as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub stream: StreamName,
    /// How many events it had by then.
    pub events_total: u64,
    /// The last of them, in order.
    pub events: Vec<Shown>,
    pub state: State,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    pub position: Position,
    pub revision: Revision,
    #[serde(rename = "type")]
    pub event_type: String,
    pub version: u16,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// Who did it, as `kind:id`.
    pub actor: Option<String>,
    /// Its data; a text when it is not JSON.
    pub data: Json,
    /// Why this program cannot read it, if so.
    pub fault: Option<String>,
}

/// How a thing stood.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// A build, and how learning what it used went.
    Build {
        build: Box<BuildRow>,
        /// The collection, if the build was over by then.
        collection: Option<CollectionRow>,
    },
    /// A machine, as it was last described.
    Node(Described),
    Token {
        issued: Issued,
        /// When it was revoked, if it was.
        revoked_at: Option<Timestamp>,
    },
    /// Things of this category have no state beyond their events.
    Events,
}

/// Shows it.
///
/// # Errors
/// [`ToolError::NotFound`] when nothing had happened to it by then, and the errors of the log.
pub fn run(log: &dyn EventLog, options: Options) -> ToolRun<'_, Report> {
    Box::pin(async move {
        let Options {
            stream,
            as_of,
            events_max,
        } = options;
        let recorded = story::read(log, &stream, as_of, usize::MAX).await?;
        if recorded.is_empty() {
            let then = as_of.map_or(String::new(), |moment| format!(" as of {moment}"));
            return Err(ToolError::NotFound(format!(
                "stream {stream} has no events{then}"
            )));
        }
        let state = match stream.category() {
            "build" => build(&stream, &recorded).await?,
            "node" => node(&recorded),
            "token" => token(&recorded),
            _ => State::Events,
        };
        let hidden = recorded.len().saturating_sub(events_max);
        Ok(Report {
            events_total: recorded.len() as u64,
            events: recorded[hidden..].iter().map(shown).collect(),
            stream,
            state,
        })
    })
}

/// A build as in the views, folded from its own events alone.
async fn build(stream: &StreamName, recorded: &[Recorded]) -> Result<State, ToolError> {
    let Ok(key) = stream.key().parse() else {
        return Ok(State::Events);
    };
    let log = Arc::new(Excerpt::of(recorded.to_vec()));
    // The time is only needed for the lag of the views, which is not used here.
    let config = ViewsConfig::new(|| Timestamp::UNIX_EPOCH);
    let views = fold_all(log, Arc::new(MemoryTables::new()), config, &unwatched).await?;
    let failed = |error: TableError| ToolError::Views(error.to_string());
    let collection = views.of::<Collections>().and_then(|view| view.get(&key));
    let collection = collection.map_err(failed)?;
    let build = views.of::<Builds>().and_then(|view| view.get(&key));
    let build = build.map_err(failed)?;
    Ok(build.map_or(State::Events, |build| State::Build {
        build: Box::new(build),
        collection,
    }))
}

fn node(recorded: &[Recorded]) -> State {
    let descriptions = recorded
        .iter()
        .rev()
        .filter_map(|event| match story::decode(event) {
            Ok(Event::Builds(BuildsEvent::Node(NodeEvent::Described(described)))) => {
                Some(described)
            }
            _ => None,
        });
    descriptions
        .map(State::Node)
        .next()
        .unwrap_or(State::Events)
}

fn token(recorded: &[Recorded]) -> State {
    let mut state = State::Events;
    for event in recorded {
        match (story::decode(event), &mut state) {
            (Ok(Event::Core(CoreEvent::Token(TokenEvent::Issued(issued)))), _) => {
                let revoked_at = None;
                state = State::Token { issued, revoked_at };
            }
            (
                Ok(Event::Core(CoreEvent::Token(TokenEvent::Revoked(told)))),
                State::Token { revoked_at, .. },
            ) => {
                revoked_at.get_or_insert(told.at);
            }
            _ => {}
        }
    }
    state
}

fn shown(recorded: &Recorded) -> Shown {
    let metadata = serde_json::from_slice::<Metadata>(&recorded.metadata).unwrap_or_default();
    let actor = metadata.actor.map(|actor| {
        let kind = serde_json::to_value(actor.kind).unwrap_or_default();
        format!("{}:{}", kind.as_str().unwrap_or_default(), actor.id)
    });
    let data = serde_json::from_slice(&recorded.data);
    let text = || Json::String(String::from_utf8_lossy(&recorded.data).into_owned());
    Shown {
        position: recorded.position,
        revision: recorded.revision,
        event_type: recorded.event_type.to_string(),
        version: recorded.version,
        recorded_at: recorded.recorded_at,
        actor,
        data: data.unwrap_or_else(|_| text()),
        fault: story::decode(recorded).err().map(|fault| fault.to_string()),
    }
}

#[cfg(test)]
mod tests;
