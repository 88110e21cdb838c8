//! Appends the events of rows, unless they are known.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::builds::build::{Build, BuildCommand, BuildKey};
use domain::builds::node::{Described, Node, NodeCommand};
use domain::{Aggregate, Event};
use eventlog::{Append, AppendError, EventLog, Expected, NewEvent, Position, Revision, StreamName};
use uuid::Uuid;

use super::row::{Flaw, ORIGIN, Row};
use super::{Options, REFUSED_MAX, Refused, Report};
use crate::ToolError;
use crate::story::{self, Loaded};

/// How often a portion is tried when another writer uses the same streams.
const ATTEMPTS_MAX: usize = 8;

pub(super) struct Taking<'l> {
    log: &'l dyn EventLog,
    options: Options,
    metadata: Bytes,
    report: Report,
}

/// What a portion comes to.
#[derive(Default)]
struct Decided {
    batch: Vec<Append>,
    report: Report,
}

impl<'l> Taking<'l> {
    pub(super) fn new(log: &'l dyn EventLog, options: Options) -> Self {
        let metadata = serde_json::to_vec(&options.metadata);
        let metadata = metadata.expect("metadata has string keys").into();
        let report = Report {
            dry_run: options.dry_run,
            ..Report::default()
        };
        Self {
            log,
            options,
            metadata,
            report,
        }
    }

    pub(super) fn report(self) -> Report {
        self.report
    }

    pub(super) fn refuse(&mut self, Flaw(refused): Flaw) {
        let counts = match refused.table {
            "nodes" => &mut self.report.nodes,
            _ => &mut self.report.jobs,
        };
        counts.refused += 1;
        let Refused {
            table,
            row,
            column,
            reason,
        } = &refused;
        tracing::warn!(
            table,
            row,
            column,
            "left out row {row} of {table}: {column} {reason}"
        );
        if self.report.refused.len() < REFUSED_MAX {
            self.report.refused.push(refused);
        }
    }

    fn leave_out(&mut self, rows: &[Row]) {
        for row in rows {
            let Row::LeftOut(left_out) = row else {
                continue;
            };
            self.report.jobs.left_out += 1;
            if self.report.left_out.len() < REFUSED_MAX {
                self.report.left_out.push(left_out.clone());
            }
        }
    }

    /// Takes rows as one append.
    pub(super) async fn take(&mut self, rows: Vec<Row>) -> Result<(), ToolError> {
        self.leave_out(&rows);
        for attempt in 1.. {
            let decided = self.decide(&rows).await?;
            let last = match self.append(decided.batch).await {
                // Another writer was faster: its event may be that of the row.
                Err(AppendError::Conflict { .. }) if attempt < ATTEMPTS_MAX => continue,
                Err(AppendError::Busy) => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    continue;
                }
                appended => appended?,
            };
            let (nodes, jobs) = (decided.report.nodes, decided.report.jobs);
            self.report.nodes.imported += nodes.imported;
            self.report.nodes.already += nodes.already;
            self.report.jobs.imported += jobs.imported;
            self.report.jobs.already += jobs.already;
            self.report.last = last.or(self.report.last);
            break;
        }
        Ok(())
    }

    async fn append(&self, batch: Vec<Append>) -> Result<Option<Position>, AppendError> {
        if batch.is_empty() || self.options.dry_run {
            return Ok(None);
        }
        self.log
            .append(batch)
            .await
            .map(|appended| Some(appended.last()))
    }

    async fn decide(&self, rows: &[Row]) -> Result<Decided, ToolError> {
        let mut decided = Decided::default();
        // A database may name a build twice; the second time it is known.
        let mut builds: BTreeMap<StreamName, Loaded<Build>> = BTreeMap::new();
        let mut nodes: BTreeMap<StreamName, Loaded<Node>> = BTreeMap::new();
        for row in rows {
            match row {
                Row::Node(described) => {
                    let stream = stream_of("node", &described.uuid)?;
                    let node = self.load(&mut nodes, &stream).await?;
                    let events = describe(node, described);
                    let imported =
                        self.add(&mut decided.batch, &stream, node, &events, &described.uuid);
                    count(&mut decided.report.nodes, imported);
                }
                Row::LeftOut(_) => {}
                Row::Used(key, usage) => {
                    let command = BuildCommand::RecordUsage((**usage).clone());
                    self.add_job(&mut decided, &mut builds, key, command)
                        .await?;
                }
                Row::Killed(key, killed) => {
                    let command = BuildCommand::RecordOutOfMemory((**killed).clone());
                    self.add_job(&mut decided, &mut builds, key, command)
                        .await?;
                }
            }
        }
        Ok(decided)
    }

    async fn add_job(
        &self,
        decided: &mut Decided,
        builds: &mut BTreeMap<StreamName, Loaded<Build>>,
        key: &BuildKey,
        command: BuildCommand,
    ) -> Result<(), ToolError> {
        let stream = stream_of("build", &key.to_string())?;
        let build = self.load(builds, &stream).await?;
        let events = record(build, key, command)?;
        let key = key.to_string();
        let imported = self.add(&mut decided.batch, &stream, build, &events, &key);
        count(&mut decided.report.jobs, imported);
        Ok(())
    }

    async fn load<'m, A: Aggregate>(
        &self,
        known: &'m mut BTreeMap<StreamName, Loaded<A>>,
        stream: &StreamName,
    ) -> Result<&'m mut Loaded<A>, ToolError> {
        if !known.contains_key(stream) {
            let loaded = story::load(self.log, stream, None).await?;
            known.insert(stream.clone(), loaded);
        }
        Ok(known.get_mut(stream).expect("it was just put there"))
    }

    /// Adds events to the batch; whether there were any.
    fn add<A: Aggregate>(
        &self,
        batch: &mut Vec<Append>,
        stream: &StreamName,
        loaded: &mut Loaded<A>,
        events: &[A::Event],
        key: &str,
    ) -> bool {
        for event in events {
            let encoded = Into::<Event>::into(event.clone()).encode();
            let new = NewEvent {
                // A name of version 5 is known for ever, so not even a damaged view lets it in
                // twice.
                id: Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{ORIGIN}/{key}").as_bytes()),
                event_type: eventlog::EventType::from_static(encoded.event_type),
                version: encoded.version,
                metadata: self.metadata.clone(),
                data: encoded.data.into(),
                recorded_at: None,
            };
            batch.push(Append {
                stream: stream.clone(),
                expected: loaded.revision.map_or(Expected::Empty, Expected::At),
                events: vec![new],
            });
            loaded.state.evolve(event);
            loaded.revision = Some(loaded.revision.map_or(Revision::FIRST, Revision::next));
        }
        !events.is_empty()
    }
}

/// A described machine is left as it is: the database's description is older.
fn describe(node: &Loaded<Node>, described: &Described) -> Vec<<Node as Aggregate>::Event> {
    if node.revision.is_some() {
        return vec![];
    }
    let command = NodeCommand::Describe(described.clone());
    node.state.decide(command).expect("the amounts are finite")
}

fn record(
    build: &Loaded<Build>,
    key: &BuildKey,
    command: BuildCommand,
) -> Result<Vec<<Build as Aggregate>::Event>, ToolError> {
    let decided = build.state.decide(command);
    decided.map_err(|error| ToolError::Usage(format!("build {key}: {error}")))
}

fn count(counts: &mut super::Counts, imported: bool) {
    if imported {
        counts.imported += 1;
    } else {
        counts.already += 1;
    }
}

fn stream_of(category: &str, key: &str) -> Result<StreamName, ToolError> {
    StreamName::new(category, key).map_err(|error| ToolError::Usage(format!("{key}: {error}")))
}
