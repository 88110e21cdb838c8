//! What may have happened with answers, and with the models that answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Verbatim;
use crate::kernel::event::events;

events! {
    /// What may have happened with answers, and with the models that answer. Streams:
    /// `allocation-<package>` and `allocation-model:registry`.
    AllocationEvent {
        Answered(Answered) = "allocation.answered" v 1,
        ModelTrained(ModelTrained) = "allocation.model_trained" v 1 [audited],
        /// A trained model answers from now on.
        ModelPromoted(ModelPromoted) = "allocation.model_promoted" v 1 [audited],
        /// What answered before the last promotion answers again.
        ModelRolledBack(ModelRolledBack) = "allocation.model_rolled_back" v 1 [audited],
    }
}

/// `allocation.answered`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub spec: String,
    pub strategy: String,
    /// The trained model that answered; none when it was the strategy as it is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether it is the answer of a second strategy, recorded only for comparison and not
    /// returned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shadow: bool,
    /// Cores that were advised.
    pub cpu_request: f64,
    /// Bytes that were advised.
    pub memory_request: f64,
    /// Bytes at which the build is to be killed, where limits are answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<f64>,
    /// The level that the strategy answered from.
    pub level: String,
    /// The position of the log that the model had learnt from.
    pub learnt_to: u64,
    pub at: Timestamp,
}

/// `allocation.model_trained`. The parameters and the log are enough to train the model again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelTrained {
    /// The model's id: the same parameters at the same position of the same log have the same.
    pub model: String,
    pub strategy: String,
    /// Its strategy's settings and what it learns from, as JSON.
    pub parameters: Verbatim,
    /// The log was read up to here.
    pub position: u64,
    /// How many builds it had learnt from.
    pub learnt: u64,
    /// How many it had passed over because no build can have used that.
    pub flawed: u64,
    /// BLAKE3 of everything it had learnt, 64 hexadecimal digits.
    pub digest: String,
    /// How good its answers would have been at the end of that history.
    pub evaluation: ModelEvaluation,
    /// How good those of the model that answered then would have been, on the same builds.
    pub incumbent: ModelEvaluation,
    pub at: Timestamp,
}

/// The quality of a model's answers: computed before each of some builds, learnt after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelEvaluation {
    pub builds: u64,
    /// Those of them that would have been killed for memory at least once.
    pub killed: u64,
    /// Peak times duration, in GB·h.
    pub used_gb_hours: f64,
    /// What would have been held above that, killed attempts included, in GB·h.
    pub wasted_gb_hours: f64,
    /// Cores that would have been requested, in core-hours.
    pub requested_core_hours: f64,
    /// Cores that were used, in core-hours.
    pub used_core_hours: f64,
    /// Cores that were used above the request, in core-hours.
    pub throttled_core_hours: f64,
}

/// `allocation.model_promoted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPromoted {
    pub model: String,
    /// The trained model that answered before, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    pub at: Timestamp,
}

/// `allocation.model_rolled_back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRolledBack {
    /// The model that answers no more.
    pub model: String,
    /// The trained model that answers again; none when it is the configured strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<String>,
    pub at: Timestamp,
}

impl ModelEvaluation {
    /// Every number that may not be finite, by name.
    pub(crate) fn numbers(&self) -> [(&'static str, f64); 5] {
        [
            ("used_gb_hours", self.used_gb_hours),
            ("wasted_gb_hours", self.wasted_gb_hours),
            ("requested_core_hours", self.requested_core_hours),
            ("used_core_hours", self.used_core_hours),
            ("throttled_core_hours", self.throttled_core_hours),
        ]
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to what it may leave out"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}
