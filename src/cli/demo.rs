//! `tallyman demo`: a server with sample history, and what to try.

use ::config::Value;
use clap::Args;
use secrecy::ExposeSecret;

use super::Failure;
use crate::config::{Flags, load};
use crate::serve::Ready;
use crate::{house, sample, serve};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many builds of sample history to begin with
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=200_000))]
    builds: u32,
}

/// The secret token that the demo expects of webhooks, unless another is configured.
const WEBHOOK_TOKEN: &str = "demo";

pub(super) fn run(mut flags: Flags, options: &Demo) -> Result<(), Failure> {
    flags.defaults = vec![("sources.default.token", Value::from(WEBHOOK_TOKEN))];
    let loaded = load(&flags, &std::env::vars().collect())
        .map_err(|error| Failure::new(super::Exit::Usage, error))?;
    let dir = loaded.config.data.dir.clone();
    eprintln!(
        "filling {} with {} made-up builds",
        dir.display(),
        options.builds
    );
    house::fill_with_sample(&dir, u64::from(options.builds))?;
    serve::run_with(&flags, |ready| print!("{}", guide(&ready)))
}

fn guide(ready: &Ready) -> String {
    let address = ready.address;
    let token = ready.admin_token.expose_secret();
    let spec = sample::builds(7, 1)
        .next()
        .map_or_else(String::new, |build| build.spec);
    let asked = super::door::escaped(&spec);
    format!(
        r#"
Tallyman is ready at http://{address}  (API documentation: http://{address}/docs)

  token: {token}

Post a webhook, as GitLab would:

  curl -s http://{address}/v1/collect -H 'X-Gitlab-Event: Job Hook' -H 'X-Gitlab-Token: {WEBHOOK_TOKEN}' -H 'Content-Type: application/json' -d '{{"object_kind":"build","build_id":4711,"build_name":"emacs","build_stage":"stage-1","build_status":"running","ref":"develop","build_started_at":"2026-11-20 22:43:58 UTC","build_finished_at":null,"runner":{{"description":"demo-runner"}}}}'

See it as an event, and as a build:

  curl -s -H 'Authorization: Bearer {token}' 'http://{address}/v1/events?limit=1&order=desc'
  curl -s -H 'Authorization: Bearer {token}' http://{address}/v1/builds/4711

Ask what a build needs ({spec}):

  curl -s 'http://{address}/v1/allocation?spec={asked}'

Stop with Ctrl-C. Everything lies in the data directory; delete it to begin anew.
"#
    )
}
