//! From flags, environment and file to one [`Config`].

mod complaint;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::config::builder::DefaultState;
use ::config::{ConfigBuilder, File, FileFormat, Map, Value, ValueKind};
use thiserror::Error;

use super::check::check;
use super::{Config, EXAMPLE};
use complaint::{check_syntax, source, unfit};

/// The prefix of our variables. Two underscores, so that names which only the command line reads
/// (`TALLYMAN_CONFIG`) do not count as keys.
const ENVIRONMENT_PREFIX: &str = "TALLYMAN__";

/// Keys whose variable is a list with commas.
const LIST_KEYS: [&str; 4] = [
    "server.trusted_proxies",
    "collector.runner_prefixes",
    "allocation.refs",
    "jobrunner.administrators",
];

/// The file that is read when it is there and no other was named.
const FILE_DEFAULT: &str = "tallyman.toml";

/// Names that installations of Gantry have in their environment, and the keys they fill.
const INHERITED: [(&str, &str); 5] = [
    ("PROMETHEUS_URL", "prometheus.url"),
    ("PROMETHEUS_COOKIE", "prometheus.cookie"),
    ("GITLAB_URL", "gitlab.url"),
    ("GITLAB_API_TOKEN", "gitlab.token"),
    ("GITLAB_WEBHOOK_TOKEN", "sources.default.token"),
];

/// The flags of the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    /// Defaults of a subcommand that differ from the file's, such as those of `demo`.
    pub(crate) defaults: Vec<(&'static str, Value)>,
}

/// A configuration and where each of its values came from.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Every key with its value (secrets hidden) and origin.
    pub(crate) origins: BTreeMap<String, (String, String)>,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// A file that was named is not there or cannot be read.
    #[error("configuration file {path} cannot be read: {reason}")]
    File { path: PathBuf, reason: String },
    /// A file is not TOML. The line is not quoted, because it may hold a secret.
    #[error(
        "configuration file {path} is not valid TOML at line {line}, column {column}: correct that line (its text is not shown because it may hold a secret)"
    )]
    Syntax {
        path: PathBuf,
        /// The line, starting at 1.
        line: usize,
        /// The column, starting at 1.
        column: usize,
    },
    /// A source of values cannot be read.
    #[error("{0}")]
    Source(String),
    /// A key is unknown, or has a value of the wrong kind. Names key and origin.
    #[error("{0}")]
    Key(String),
    /// A key is set to something that makes no sense.
    #[error("{key}: {reason}")]
    Value {
        key: Cow<'static, str>,
        reason: String,
    },
}

/// Reads everything there is to read, from `environment` instead of the process's own so that tests
/// can give theirs.
///
/// # Errors
/// A [`ConfigError`] that names the key, and the file or variable.
pub(crate) fn load(
    flags: &Flags,
    environment: &BTreeMap<String, String>,
) -> Result<Loaded, ConfigError> {
    let mut builder =
        ::config::Config::builder().add_source(File::from_str(EXAMPLE, FileFormat::Toml));
    // A source of their own, because the defaults of a builder give way to every source, the
    // example included.
    let mut defaults = ::config::Config::builder();
    for (key, value) in &flags.defaults {
        defaults = defaults.set_default(key, value.clone()).map_err(source)?;
    }
    builder = builder.add_source(defaults.build().map_err(source)?);
    let file = file(flags)?;
    if let Some(path) = &file {
        check_syntax(path)?;
        let source = File::from(path.as_path()).format(FileFormat::Toml);
        builder = builder.add_source(source.required(true));
    }
    builder = inherited(builder, environment)?;
    builder = ours(builder, environment)?;
    let data_dir = flags.data_dir.as_ref().map(|dir| dir.display().to_string());
    let builder = named(builder, "data.dir", data_dir, "--data-dir")?;
    let builder = named(builder, "server.listen", flags.listen.clone(), "--listen")?;
    let built = builder.build().map_err(source)?;
    let read = super::show::read(&built.cache);
    let mut config: Config = built
        .try_deserialize()
        .map_err(|error| unfit(&error.to_string(), &read))?;
    super::headers::trim(&mut config)?;
    check(&config)?;
    let shown = serde_json::to_value(&config).map_err(|error| {
        let reason = format!("the configuration cannot be shown: {error}");
        ConfigError::Source(reason)
    })?;
    let origins = super::show::origins(&read, &shown);
    Ok(Loaded { config, origins })
}

fn file(flags: &Flags) -> Result<Option<PathBuf>, ConfigError> {
    match &flags.config {
        Some(path) => match std::fs::metadata(path) {
            Ok(_) => Ok(Some(path.clone())),
            Err(error) => Err(ConfigError::File {
                path: path.clone(),
                reason: error.to_string(),
            }),
        },
        None => Ok(Path::new(FILE_DEFAULT)
            .is_file()
            .then(|| PathBuf::from(FILE_DEFAULT))),
    }
}

/// A source of one value with its origin.
#[derive(Clone, Debug)]
struct Named {
    key: String,
    value: Value,
}

impl ::config::Source for Named {
    fn clone_into_box(&self) -> Box<dyn ::config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ::config::ConfigError> {
        Ok(Map::from_iter([(self.key.clone(), self.value.clone())]))
    }
}

fn named(
    builder: ConfigBuilder<DefaultState>,
    key: &str,
    value: Option<String>,
    origin: &str,
) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
    Ok(match value {
        None => builder,
        Some(value) => {
            let value = Value::new(Some(&origin.to_owned()), value);
            builder.add_source(Named {
                key: key.to_owned(),
                value,
            })
        }
    })
}

fn inherited(
    mut builder: ConfigBuilder<DefaultState>,
    environment: &BTreeMap<String, String>,
) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
    for (variable, key) in INHERITED {
        let value = environment
            .get(variable)
            .filter(|value| !value.is_empty())
            .cloned();
        builder = named(
            builder,
            key,
            value,
            &format!("the environment ({variable})"),
        )?;
    }
    Ok(builder)
}

/// Our own variables. Values stay text, for a token of digits is still a token; only lists are
/// split.
fn ours(
    mut builder: ConfigBuilder<DefaultState>,
    environment: &BTreeMap<String, String>,
) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
    for (variable, text) in environment {
        let Some(path) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
            continue;
        };
        let key = path.to_lowercase().replace("__", ".");
        let origin = format!("the environment ({variable})");
        let kind = if LIST_KEYS.contains(&key.as_str()) {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            ValueKind::Array(parts.map(|part| Value::new(Some(&origin), part)).collect())
        } else {
            ValueKind::String(text.clone())
        };
        let value = Value::new(Some(&origin), kind);
        builder = builder.add_source(Named { key, value });
    }
    Ok(builder)
}

#[cfg(test)]
mod tests;
