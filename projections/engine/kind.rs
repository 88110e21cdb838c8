//! A kind of view: its name, its version, and how a fold of it begins.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fold::Fold;
use super::projection::Projection;

/// A kind of view.
#[derive(Clone)]
pub struct Kind {
    pub name: &'static str,
    pub version: u32,
    /// The version of what rows look like.
    pub shape: u32,
    pub(crate) wants: fn(&str) -> bool,
    make: Arc<dyn Fn() -> Box<dyn Fold> + Send + Sync>,
    /// The newest generation of its tables. Clones share it, so that the names of generations are
    /// unique.
    generation: Arc<AtomicU64>,
}

impl Kind {
    /// The kind of `P`, whose folds are created by `make`.
    pub fn of<P: Projection>(make: impl Fn() -> P + Send + Sync + 'static) -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            shape: P::SHAPE,
            wants: P::wants,
            make: Arc::new(move || Box::new(make())),
            generation: Arc::default(),
        }
    }

    pub(crate) fn begin(&self) -> Box<dyn Fold> {
        (self.make)()
    }

    /// Notes that there are tables up to this generation.
    pub(crate) fn has_generation(&self, generation: u64) {
        self.generation.fetch_max(generation, Ordering::Relaxed);
    }

    pub(crate) fn next_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} (shape {})", self.name, self.version, self.shape)
    }
}
