//! Instruments that are read on collection: the services count with plain atomics and know nothing
//! of meters.

use opentelemetry::metrics::{AsyncInstrument, Meter};

/// Makes a counter that is read on collection.
pub(crate) fn counter(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
) {
    meter
        .u64_observable_counter(name)
        .with_description(description)
        .with_callback(read)
        .build();
}

/// Makes a gauge that is read on collection.
pub(crate) fn gauge(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
) {
    meter
        .u64_observable_gauge(name)
        .with_description(description)
        .with_callback(read)
        .build();
}
