//! Statistics of the samples of one series.

use thiserror::Error;

/// Statistics over the samples of one series, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    pub mean: f64,
    /// Middle sample, or the mean of the two in the middle.
    pub median: f64,
    /// Largest sample.
    pub max: f64,
    /// Smallest sample.
    pub min: f64,
    /// Population standard deviation.
    pub stddev: f64,
}

/// Why a series is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Unusable {
    /// There is nothing to look at.
    #[error("no samples")]
    NoSamples,
    /// The mean is 0 or no number.
    #[error("the mean is {0}")]
    Mean(f64),
    /// The standard deviation is 0 or no number: no real build has constant usage.
    #[error("the standard deviation is {0}")]
    Deviation(f64),
}

impl Statistics {
    /// Looks at the samples of one series.
    ///
    /// # Errors
    /// When there are none, or their mean or standard deviation is 0, infinite or no number.
    pub fn of(samples: &[f64]) -> Result<Self, Unusable> {
        if samples.is_empty() {
            return Err(Unusable::NoSamples);
        }
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let count = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / count;
        if mean == 0.0 || !mean.is_finite() {
            return Err(Unusable::Mean(mean));
        }
        // The mean of equal samples need not be equal to them; their deviation is 0 all the same.
        let variance = if min == max {
            0.0
        } else {
            samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count
        };
        let stddev = variance.sqrt();
        if stddev == 0.0 || !stddev.is_finite() {
            return Err(Unusable::Deviation(stddev));
        }
        Ok(Self {
            mean,
            median: median(&sorted),
            max,
            min,
            stddev,
        })
    }
}

fn median(sorted: &[f64]) -> f64 {
    let upper = sorted[sorted.len() / 2];
    if sorted.len().is_multiple_of(2) {
        let lower = sorted[sorted.len() / 2 - 1];
        f64::midpoint(lower, upper)
    } else {
        upper
    }
}

#[cfg(test)]
mod tests;
