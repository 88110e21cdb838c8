//! What all HTTP surfaces share, made of the configuration.

use std::time::Duration;

use domain::core::token::Role;
use web::{App, Limits, Settings};

use super::{Metered, Modules, Services};
use crate::config::Config;

/// The state of all surfaces. `anonymous_role` is that of callers without a credential.
pub(super) fn app(
    config: &Config,
    services: &Services,
    modules: &Modules,
    metered: Option<Metered>,
    anonymous_role: Option<Role>,
) -> App {
    let settings = Settings {
        anonymous_role,
        ..settings(config)
    };
    let (commands, views) = (services.commands.clone(), services.views.clone());
    let mut builder = App::build(commands, views, services.blobs.clone(), settings);
    builder = modules.extend(builder, services);
    if let Some(Metered { registry, requests }) = metered {
        builder = builder.metrics(move || registry.text()).observer(requests);
    }
    builder.finish()
}

fn settings(config: &Config) -> Settings {
    let server = &config.server;
    Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits {
            body_bytes_max: server.body_bytes_max,
            refused_bytes_max: server.refused_bytes_max,
            request_time_max: Duration::from_secs(server.request_seconds_max),
            requests_max: server.requests_max,
            streams_max: server.streams_max,
            streams_per_caller_max: server.streams_per_caller_max,
            stream_stall_max: Duration::from_secs(server.stream_stall_seconds_max),
            response_bytes_max: server.response_bytes_max,
            requests_per_second_max: server.requests_per_second_max,
            patience: Duration::from_millis(server.patience_milliseconds),
            ..Limits::default()
        },
        trusted_proxies: server.trusted_proxies.clone(),
        anonymous_role: None,
        metrics_open: server.metrics_open,
    }
}
