//! Unique names: taken and released in the same append as the event that uses them.

use domain::core::name::{Name, NameCommand, NameRejection, Taken};

use crate::{CommandError, Transaction};

/// A name of a kind of things: `("group", "builders")`, `("job:7", "nightly")`, …
pub type Called<'a> = (&'a str, &'a str);

/// Calls the thing with this number so. It keeps a name that it has already.
///
/// # Errors
/// When another is called so.
pub async fn take(
    unit: &Transaction,
    (kind, name): Called<'_>,
    by: u64,
) -> Result<(), CommandError<NameRejection>> {
    let take = NameCommand::Take(Taken {
        kind: kind.to_owned(),
        name: name.to_owned(),
        by,
        at: unit.now(),
    });
    unit.execute::<Name>(&Name::key(kind, name), take).await?;
    Ok(())
}

/// Calls the thing with this number otherwise. The name that it had is free again.
///
/// # Errors
/// When another is called so.
pub async fn change(
    unit: &Transaction,
    before: Called<'_>,
    after: Called<'_>,
    by: u64,
) -> Result<(), CommandError<NameRejection>> {
    if before == after {
        return Ok(());
    }
    take(unit, after, by).await?;
    let (kind, name) = before;
    let release = NameCommand::Release { by, at: unit.now() };
    unit.execute::<Name>(&Name::key(kind, name), release)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
