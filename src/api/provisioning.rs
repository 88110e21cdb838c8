//! How provisioning uses this API, and what its errors become.

use domain::LongText;
use futures::future::BoxFuture;
use provisioning::{Fault, ProvisioningError, Texts};
use web::{App, FieldError, Problem};

/// Seconds after which to try again to store a text.
const RETRY_SECONDS: u64 = 5;

/// Stores texts where the application does.
pub(crate) struct StoredTexts(pub(crate) App);

impl Texts for StoredTexts {
    fn keep(&self, text: String) -> BoxFuture<'_, Result<LongText, ProvisioningError>> {
        Box::pin(async move {
            let kept = self.0.keep_text(text).await;
            kept.map_err(|_| ProvisioningError::TextsUnavailable {
                retry_after: RETRY_SECONDS,
            })
        })
    }

    fn name(&self, text: String) -> LongText {
        App::name_text(text)
    }
}

/// The client's answer.
pub(crate) fn problem(error: ProvisioningError) -> Problem {
    let detail = error.to_string();
    match error {
        ProvisioningError::Unreadable(faults) => {
            Problem::bad_request("this is not understood").with_errors(errors(faults))
        }
        ProvisioningError::Refused { faults, conflict } => match conflict {
            true => Problem::conflict("something contradicts what is there"),
            false => Problem::bad_request("this cannot be done"),
        }
        .with_errors(errors(faults)),
        ProvisioningError::TooManyPasswords { .. } => Problem::bad_request(detail),
        ProvisioningError::TextsUnavailable { retry_after } => {
            Problem::unavailable(detail).retry_after(retry_after)
        }
        ProvisioningError::Access(error) => error.into(),
        ProvisioningError::Command(error) => error.into(),
        ProvisioningError::Behind(behind) => Problem::unavailable(format!(
            "the views have not reached position {} yet: they are at {}",
            behind.wanted, behind.position
        ))
        .retry_after(1),
        ProvisioningError::View(error) => error.into(),
    }
}

fn errors(faults: Vec<Fault>) -> Vec<FieldError> {
    let faults = faults.into_iter();
    faults
        .map(|fault| FieldError::new(fault.field, fault.message))
        .collect()
}
