//! Dying on purpose, so that tests can show that nothing is lost or doubled by it.

use std::fmt;
use std::sync::Arc;

type Hook = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// Where a reactor is to die. Outside of tests: nowhere.
#[derive(Clone, Default)]
pub struct Faults(Option<Hook>);

impl Faults {
    /// Halts for ever at every step for which `hook` returns true, as if the process had died
    /// between that step and the next. The observer then drops the reactor.
    pub fn halting(hook: impl Fn(&'static str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(crate) async fn reached(&self, step: &'static str) {
        if self.0.as_ref().is_some_and(|hook| hook(step)) {
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faults(some)"
        } else {
            "Faults(none)"
        })
    }
}
