//! What every context needs: the log, the write side, the views, HTTP.

mod meters;

use opentelemetry::metrics::Meter;
use web::{App, AppBuilder};

use super::{Module, Services};
use crate::config::Config;

pub(super) fn module(_: &Config) -> anyhow::Result<Box<dyn Module>> {
    Ok(Box::new(Core))
}

struct Core;

impl Module for Core {
    fn extend(&self, builder: AppBuilder, services: &Services) -> AppBuilder {
        let (views, log) = (services.views.clone(), services.log.clone());
        builder
            .ready_when("views", move || match views.are_live() {
                true => Ok(()),
                false => {
                    Err("not every view can be read, and is at the head of the log".to_owned())
                }
            })
            .detail("log.damage", move || log.describe().damage)
    }

    fn observe(&self, meter: &Meter, services: &Services, app: &App) {
        meters::observe(meter, services, app);
    }
}
