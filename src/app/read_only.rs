//! Opens a data directory that cannot be written, for reads only: a copy on a read-only medium, or
//! one of another user.
//!
//! The log is read in place. The views are copied to a temporary folder, but for their runs, which are read in
//! place; there they catch up with the log, or are made; nothing in the directory itself is changed.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use commands::{Clock, Commands};
use domain::core::token::Role;
use people::Seal;
use projections::Views;
use rustix::fs::{Access, access};

use super::{Modules, Opened, Services, admin, open_blobs_to_read, storage, views_config};
use crate::config::{Config, Data};

/// Whether there is a data directory, and it cannot be written.
pub(super) fn is_read_only(data: &Data) -> bool {
    let refuses = |dir: &Path| dir.is_dir() && access(dir, Access::WRITE_OK).is_err();
    refuses(&data.dir) || refuses(&data.log_dir())
}

/// Opens it.
///
/// # Errors
/// When the log is damaged or history is missing from it, or there is no space for the views elsewhere.
pub(super) async fn open(config: Config) -> anyhow::Result<Opened> {
    let scratch =
        tempfile::tempdir().context("a read-only data directory needs a temporary folder")?;
    let (opening, views_dir) = (config.clone(), scratch.path().join("views"));
    let opened = tokio::task::spawn_blocking(move || storage::open_read_only(&opening, &views_dir));
    let (log, tables) = opened.await??;
    let commands = Commands::new(Arc::clone(&log), Clock::system());
    let views = Views::start(Arc::clone(&log), Arc::clone(&tables), views_config(&config))?;
    let services = Services {
        log,
        commands,
        views,
        tables,
        blobs: open_blobs_to_read(&config)?,
        // Nothing that is sealed is opened to answer a question.
        seal: Seal::for_now(),
    };
    // Who may read the directory may see everything; a copy need not hold a token that the log knows.
    let admin_token = admin::known(&config.data.dir, &services).await?;
    let access = super::Access {
        anonymous_role: admin_token.is_none().then_some(Role::Admin),
        ..super::Access::with(admin_token.unwrap_or_default())
    };
    let modules = Modules::new(&config)?;
    Ok(Opened {
        scratch: Some(scratch),
        ..Opened::of(config, services, modules, access)?
    })
}
