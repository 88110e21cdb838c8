//! `tallyman retrain` and `tallyman model`: trains, promotes and rolls back models.

use std::collections::BTreeMap;

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::arguments::{Format, Global};
use crate::cli::client::{Client, escaped};
use crate::cli::{Exit, Failure, operation, output};
use crate::config::Flags;

#[derive(Debug, Args)]
pub(crate) struct Retrain {
    /// `gantry` or `ladder` [default: the configured one]
    #[arg(long)]
    strategy: Option<String>,
    /// Learn only from events after this
    #[arg(long, value_name = "POSITION|TIME")]
    from: Option<String>,
    /// Learn only from events up to this
    #[arg(long, value_name = "POSITION|TIME")]
    until: Option<String>,
    /// Learn only builds with this `ref` (* for all), `package`, `compiler` or `arch`; comma-separated
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// Setting of the strategy, for example `policy=lean` or `failure_price=2`
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// Promote the model when it is trained
    #[arg(long, conflicts_with = "detach")]
    promote: bool,
    /// Reason for the change; stored with the events
    #[arg(long)]
    reason: Option<String>,
    /// Return at once instead of waiting until it is trained
    #[arg(long)]
    detach: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List models
    List,
    /// Show a trained model with its parameters and its evaluation
    Get {
        /// Its id
        id: String,
    },
    /// Promote a trained model: it answers from now on
    Promote {
        /// Its id
        id: String,
        /// Reason for the change; stored with the event
        #[arg(long)]
        reason: Option<String>,
    },
    /// Undo the last promotion
    Rollback {
        /// Reason for the change; stored with the event
        #[arg(long)]
        reason: Option<String>,
    },
    /// Compare recorded answers with what the builds then used
    Accuracy {
        /// One row per package
        #[arg(long)]
        by_package: bool,
        /// Only this package
        #[arg(long)]
        package: Option<String>,
        /// Only answers of this strategy
        #[arg(long)]
        strategy: Option<String>,
        /// Maximum number of rows
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

const MODELS: [output::Column; 9] = [
    ("MODEL", "/id"),
    ("STRATEGY", "/strategy"),
    ("LIVE", "/live"),
    ("PREVIOUS", "/previous"),
    ("BUILDS", "/learnt"),
    ("LEARNT TO", "/learnt_to"),
    ("WASTE/USED", "/trained/evaluation/waste_per_used"),
    ("KILLED", "/trained/evaluation/killed_share"),
    ("TRAINED", "/trained/at"),
];

const ACCURACY: [output::Column; 11] = [
    ("STRATEGY", "/strategy"),
    ("MODEL", "/model"),
    ("SHADOW", "/shadow"),
    ("PACKAGE", "/package"),
    ("BUILDS", "/builds"),
    ("SHORT", "/short_share"),
    ("KILLED", "/killed"),
    ("WASTE/USED", "/waste_per_used"),
    ("WASTED GB·H", "/wasted_gb_hours"),
    ("CPU USED", "/cpu_utilisation"),
    ("WASTED MONEY", "/money_wasted"),
];

pub(crate) fn retrain(flags: &Flags, global: &Global, options: &Retrain) -> Result<(), Failure> {
    Client::through(flags, global, |client| train(client, global, options))
}

fn train(client: &Client, global: &Global, options: &Retrain) -> Result<(), Failure> {
    if options.detach && !client.is_server() {
        let text = "--detach needs a running server: leave it out";
        return Err(Failure::message(Exit::Usage, text));
    }
    let begun = client.request(
        Method::POST,
        "/v1/allocation/retrain",
        Some(&options.body()),
    )?;
    if options.detach {
        return output::one(global.output, &begun);
    }
    let over = operation::follow(client, global, &begun)?;
    let id = over["result"].as_str().unwrap_or_default();
    let path = format!("/v1/allocation/models/{}", escaped(id));
    if options.promote {
        let body = json!({"reason": options.reason});
        let promoted = client.request(Method::POST, &format!("{path}/promote"), Some(&body))?;
        return output::detailed(global.output, &promoted);
    }
    output::detailed(global.output, &client.get(&path)?)
}

impl Retrain {
    fn body(&self) -> Value {
        let mut only: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (field, values) in &self.only {
            let values = values.split(',').map(str::trim);
            only.entry(field).or_default().extend(values);
        }
        let settings: BTreeMap<&String, &String> = self
            .settings
            .iter()
            .map(|(name, value)| (name, value))
            .collect();
        json!({
            "strategy": self.strategy,
            "from": self.from,
            "until": self.until,
            "where": only,
            "settings": settings,
            "reason": self.reason,
        })
    }
}

pub(crate) fn run(flags: &Flags, global: &Global, verb: Model) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Model) -> Result<(), Failure> {
    match verb {
        Model::List => {
            let models = client.get("/v1/allocation/models")?;
            let rows = models.as_array().cloned().unwrap_or_default();
            output::rows(global.output, &MODELS, &rounded(global, rows))
        }
        Model::Get { id } => {
            let model = client.get(&format!("/v1/allocation/models/{}", escaped(&id)))?;
            output::detailed(global.output, &model)
        }
        Model::Promote { id, reason } => {
            let path = format!("/v1/allocation/models/{}/promote", escaped(&id));
            let body = json!({"reason": reason});
            output::detailed(
                global.output,
                &client.request(Method::POST, &path, Some(&body))?,
            )
        }
        Model::Rollback { reason } => {
            let body = json!({"reason": reason});
            let model = client.request(Method::POST, "/v1/allocation/rollback", Some(&body))?;
            output::detailed(global.output, &model)
        }
        Model::Accuracy {
            by_package,
            package,
            strategy,
            limit,
        } => {
            let by = by_package.then(|| "package".to_owned());
            let pairs = [("by", by), ("package", package), ("strategy", strategy)];
            let rows = client.list("/v1/allocation/accuracy", &pairs, limit)?;
            output::rows(global.output, &ACCURACY, &rounded(global, rows))
        }
    }
}

/// Rounds numbers in a table; other formats have all digits.
fn rounded(global: &Global, mut rows: Vec<Value>) -> Vec<Value> {
    if global.output == Format::Table {
        rows.iter_mut().for_each(round);
    }
    rows
}

fn round(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| round(field)),
        Value::Number(number) if number.is_f64() => {
            *value = Value::from(format!("{:.3}", number.as_f64().unwrap_or_default()));
        }
        _ => {}
    }
}

/// Reads `name=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
