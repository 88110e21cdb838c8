//! CPU time and memory of a process.

/// CPU time of this process on all cores, in steps of 10 ms; 0 where there is no `/proc`. On a busy
/// machine it is more reliable than the clock.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// Resident memory; 0 where there is no `/proc`.
pub(crate) fn resident_mb() -> u64 {
    status_mb("VmRSS:")
}

/// The most memory that was resident so far; 0 where there is no `/proc`.
pub(crate) fn peak_resident_mb() -> u64 {
    status_mb("VmHWM:")
}

fn status_mb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}
