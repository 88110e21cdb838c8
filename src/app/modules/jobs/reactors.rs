//! The reactors of jobs: the dispatcher and its ports, the health check, the mails.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::WorkerAnswers;
use blobs::{BLOB_BYTES_MAX, Blobs};
use domain::BlobRef;
use domain::jobs::schedule::Patience;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use reactors::awake::{Awake, ClockStep, ClockSteps, Heartbeat};
use reactors::dispatcher::{Dispatcher, DispatcherConfig, DispatcherReading};
use reactors::health::{Health, HealthConfig, HealthReading};
use reactors::liveness::Liveness;
use reactors::mails::{Mails, MailsConfig, MailsReading, ReadBlob};
use reactors::ports::{Port, Socket, Wanted};
use reactors::worker_events::WorkerEvents;
use tokio_util::sync::CancellationToken;
use zmtp::{PortLimits, PortReading, Publisher};

use crate::app::Services;
use crate::app::modules::OpenPort;
use crate::config::{BROADCASTER_PORT, Config, EVENT_PORT, JobRunner};

/// In which file of the data directory it is kept for how long runs have been executed.
pub(crate) const RUN_TIMES: &str = "run-times.json";

/// The job runner's reactors while they run. Clones are the same.
#[derive(Clone)]
pub(crate) struct RunningJobRunner(Arc<parking_lot::Mutex<Option<Parts>>>);

struct Parts {
    heartbeat: Heartbeat,
    liveness: Liveness,
    dispatcher: Dispatcher,
    health: Health,
    mails: Option<Mails>,
    broadcaster: Port,
    events: Port,
    publisher: Publisher,
    worker_events: WorkerEvents,
}

/// What they did so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct JobRunnerReading {
    pub(crate) dispatcher: DispatcherReading,
    pub(crate) health: HealthReading,
    pub(crate) mails: MailsReading,
    /// The port on which workers listen.
    pub(crate) broadcaster: PortReading,
    pub(crate) events: PortReading,
    /// The number of their unknown messages.
    pub(crate) not_understood: u64,
    /// How many of the two ports are ours.
    pub(crate) ports_bound: u64,
    /// How often the clock was set.
    pub(crate) clock: ClockSteps,
}

/// The job runner's ports, before anything is sent.
pub(crate) struct Ports {
    broadcaster: Port,
    events: Port,
    publisher: Publisher,
    worker_events: WorkerEvents,
}

/// How many workers each of the two ports would take.
pub(crate) fn peers_max(config: &Config) -> usize {
    match config.jobrunner.enabled {
        true => PortLimits::default().peers_max,
        false => 0,
    }
}

/// Checks what needs no port and no data.
///
/// # Errors
/// When mails cannot be sent with this configuration.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    let section = &config.jobrunner;
    if let Some(mails) = mails(section, &TimeZone::UTC, None).filter(|_| section.enabled) {
        Mails::check(&mails).context("jobrunner.mail")?;
    }
    Ok(())
}

/// Opens the ports, with at most `peers_max` workers at each, unless the job runner is switched off.
///
/// # Errors
/// When a port that the configuration names cannot be opened.
pub(crate) fn bind(
    config: &Config,
    peers_max: usize,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Ports>> {
    let section = &config.jobrunner;
    if !section.enabled {
        return Ok(None);
    }
    let ip = config.server.listen.ip();
    let limits = PortLimits {
        peers_max,
        peers_per_address_max: section.peers_per_address_max,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let worker_events = WorkerEvents::new(limits);
    let broadcaster = open(
        "jobrunner.broadcaster_port",
        Socket::Publisher(publisher.clone()),
        ip,
        (section.broadcaster_port, BROADCASTER_PORT),
        stop,
    )?;
    let events = open(
        "jobrunner.event_port",
        Socket::Subscriber(worker_events.subscriber()),
        ip,
        (section.event_port, EVENT_PORT),
        stop,
    )?;
    Ok(Some(Ports {
        broadcaster,
        events,
        publisher,
        worker_events,
    }))
}

/// Starts the job runner on its ports.
///
/// # Errors
/// When mails cannot be sent like this.
pub(crate) fn start(
    config: &Config,
    services: &Services,
    ports: Option<Ports>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<RunningJobRunner>> {
    let section = &config.jobrunner;
    // An unknown zone was refused when the configuration was read.
    let (Some(zone), Some(ports)) = (section.time_zone(), ports) else {
        return Ok(None);
    };
    let Ports {
        broadcaster,
        events,
        publisher,
        worker_events,
    } = ports;
    let (commands, views) = (&services.commands, &services.views);
    let mails = mails(section, &zone, Some(&services.blobs))
        .map(|config| Mails::start(commands.clone(), views.clone(), config, stop.clone()))
        .transpose()
        .context("jobrunner.mail")?;
    let awake = Awake::new(commands.clock().clone());
    let heartbeat = awake.keep_looking(stop.clone());
    let liveness = Liveness::new(commands.clone(), awake, patience(section));
    let health = HealthConfig {
        every: Duration::from_secs(section.health_seconds),
        ..HealthConfig::default()
    };
    let health = Health::start(
        commands.clone(),
        views.clone(),
        liveness.clone(),
        health,
        stop.clone(),
    );
    let dispatcher = DispatcherConfig {
        zone,
        round: Duration::from_secs(section.round_seconds),
        ping: Duration::from_secs(section.ping_seconds),
        run_times: Some(config.data.dir.join(RUN_TIMES)),
        ..DispatcherConfig::default()
    };
    let dispatcher = Dispatcher::start(
        commands.clone(),
        views.clone(),
        publisher.clone(),
        liveness.clone(),
        dispatcher,
        stop.clone(),
    );
    let parts = Parts {
        heartbeat,
        liveness,
        dispatcher,
        health,
        mails,
        broadcaster,
        events,
        publisher,
        worker_events,
    };
    Ok(Some(RunningJobRunner(Arc::new(parking_lot::Mutex::new(
        Some(parts),
    )))))
}

impl RunningJobRunner {
    /// What they did so far; nothing once they have stopped.
    pub(crate) fn stats(&self) -> JobRunnerReading {
        let parts = self.0.lock();
        let Some(parts) = parts.as_ref() else {
            return JobRunnerReading::default();
        };
        let ports = [&parts.broadcaster, &parts.events];
        JobRunnerReading {
            dispatcher: parts.dispatcher.stats(),
            health: parts.health.stats(),
            mails: parts.mails.as_ref().map(Mails::stats).unwrap_or_default(),
            broadcaster: parts.publisher.stats(),
            events: parts.worker_events.stats(),
            not_understood: parts.worker_events.not_understood(),
            clock: parts.liveness.awake().steps(),
            ports_bound: ports.iter().filter(|port| port.address().is_some()).count() as u64,
        }
    }

    /// Their ports; none once they have stopped.
    pub(crate) fn ports(&self) -> Vec<OpenPort> {
        let parts = self.0.lock();
        let Some(parts) = parts.as_ref() else {
            return Vec::new();
        };
        let port = |name, purpose, port: &Port| OpenPort {
            name,
            purpose,
            address: port.address().map(|address| format!("tcp://{address}")),
        };
        vec![
            port("broadcaster", "broadcasting", &parts.broadcaster),
            port("events", "hearing worker events", &parts.events),
        ]
    }

    /// How a worker answers; nothing is held against it once they have stopped.
    pub(crate) fn answers(&self, worker: u64) -> WorkerAnswers {
        let parts = self.0.lock();
        let answering = parts.as_ref().map(|parts| parts.liveness.of(worker));
        let answering = answering.unwrap_or_default();
        WorkerAnswers {
            is_silent: answering.is_silent,
            is_heard: answering.is_heard,
        }
    }

    /// That the clock was set, and what was changed because of it.
    pub(crate) fn clock(&self) -> Option<String> {
        let reading = self.stats();
        clock(reading.clock, reading.dispatcher.rescheduled)
    }

    /// Ends them; each ends between two steps of what it does.
    pub(crate) async fn stop(&self) {
        let parts = self.0.lock().take();
        if let Some(parts) = parts {
            parts.dispatcher.stop().await;
            parts.health.stop().await;
            parts.heartbeat.stop().await;
            if let Some(mails) = parts.mails {
                mails.stop().await;
            }
            parts.broadcaster.close().await;
            parts.events.close().await;
        }
    }
}

fn open(
    key: &'static str,
    socket: Socket,
    ip: IpAddr,
    (named, usual): (Option<u16>, u16),
    stop: &CancellationToken,
) -> anyhow::Result<Port> {
    let wanted = named.map_or(Wanted::Usually(usual), Wanted::Exactly);
    let port = named.unwrap_or(usual);
    Port::open(socket, ip, wanted, stop.clone())
        .with_context(|| format!("{key}: {ip}:{port} cannot be listened on"))
}

/// The detail about a clock that was set since the start; none otherwise.
fn clock(steps: ClockSteps, rescheduled: u64) -> Option<String> {
    let ClockStep { by, at } = steps.last?;
    let direction = if by.is_negative() { "back" } else { "forward" };
    let times = steps.forward + steps.back;
    // What the two looks at both clocks took is no part of it.
    let by = by.abs().round(jiff::Unit::Second).unwrap_or(by.abs());
    let mut text = format!("it was set {direction} by {by:#} to {at:.0}");
    if times > 1 {
        text.push_str(&format!(", the last of {times} times since the start"));
    }
    if rescheduled > 0 {
        text.push_str(&format!(
            "; {rescheduled} runs that were scheduled while it was ahead are due earlier now"
        ));
    }
    Some(text)
}

/// How long a worker may be silent.
pub(crate) fn patience(section: &JobRunner) -> Patience {
    let seconds = |count: u64| SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX));
    Patience {
        ping_interval: seconds(section.ping_seconds),
        intervals: section.unresponsive_intervals,
        margin: seconds(section.ping_margin_seconds),
    }
}

fn mails(section: &JobRunner, zone: &TimeZone, blobs: Option<&Blobs>) -> Option<MailsConfig> {
    let mail = &section.mail;
    let url = mail.smtp_url.as_ref()?.secret();
    let mut config = MailsConfig {
        administrators: section.administrators.clone(),
        host_name: section.host_name.clone(),
        zone: zone.clone(),
        ..MailsConfig::new(url, &mail.sender)
    };
    if let Some(blobs) = blobs {
        config.read_blob = read_blob(blobs);
    }
    Some(config)
}

fn read_blob(blobs: &Blobs) -> ReadBlob {
    let blobs = blobs.clone();
    Arc::new(move |blob: BlobRef| {
        let blobs = blobs.clone();
        Box::pin(async move {
            let digest = blob.digest.parse().ok()?;
            let bytes = blobs.get(digest, BLOB_BYTES_MAX).await.ok()??;
            Some(bytes.into())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_named_with_what_was_mended_for_it() {
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let steps = |forward, back, hours| ClockSteps {
            forward,
            back,
            last: Some(ClockStep {
                // The clocks are not read at one moment.
                by: SignedDuration::from_hours(hours) - SignedDuration::from_micros(40),
                at,
            }),
        };
        assert_eq!(clock(ClockSteps::default(), 3), None);
        for (steps, rescheduled, expected) in [
            (
                steps(1, 0, 2),
                0,
                "it was set forward by 2h to 2026-11-21T12:00:00Z",
            ),
            (
                steps(1, 1, -2),
                3,
                "it was set back by 2h to 2026-11-21T12:00:00Z, the last of 2 times since the start; 3 runs that were scheduled while it was ahead are due earlier now",
            ),
        ] {
            assert_eq!(clock(steps, rescheduled).as_deref(), Some(expected));
        }
    }
}
