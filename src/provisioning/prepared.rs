//! Slow work that is done before the unit of work: hashes of passwords, long texts.

use std::collections::BTreeMap;

use domain::core::user::User;
use domain::{LongText, PasswordHash};
use projections::RosterView;
use secrecy::SecretString;

use crate::{Document, Provisioning, ProvisioningError, Which};

/// The most passwords in one document: each takes a core for a while.
const PASSWORDS_MAX: usize = 256;

/// The results, by the place of the record in the document.
#[derive(Default)]
pub(crate) struct Prepared {
    passwords: BTreeMap<String, Password>,
    texts: BTreeMap<String, LongText>,
}

struct Password {
    /// The hash of the password in the document.
    hash: PasswordHash,
    /// The hash that the user has, when it is that of the same password.
    known: Option<PasswordHash>,
}

impl Prepared {
    /// Does all of it. In a dry run nothing is stored.
    pub(crate) async fn of(
        provisioning: &Provisioning,
        document: &Document,
        keep: bool,
    ) -> Result<Self, ProvisioningError> {
        let mut prepared = Self::default();
        let users = document.users.iter();
        let passwords: Vec<_> = users
            .filter_map(|user| Some((user, user.wanted.password.as_ref()?)))
            .collect();
        if passwords.len() > PASSWORDS_MAX {
            return Err(ProvisioningError::TooManyPasswords { max: PASSWORDS_MAX });
        }
        for (user, password) in passwords {
            let name = user.wanted.username.as_deref();
            let known = known_password(provisioning, user.which, name).await?;
            let made = Password::of(provisioning, password, known).await?;
            prepared.passwords.insert(user.place.clone(), made);
        }
        for (place, text) in document.texts() {
            let text = text.clone();
            let text = match keep {
                true => provisioning.texts.keep(text).await?,
                false => provisioning.texts.name(text),
            };
            prepared.texts.insert(place.clone(), text);
        }
        Ok(prepared)
    }

    /// The hash of the password of the user at this place: `before`, if the password is the same.
    pub(crate) fn password(
        &self,
        place: &str,
        before: Option<&PasswordHash>,
    ) -> Option<PasswordHash> {
        let made = self.passwords.get(place)?;
        let same = made.known.as_ref().filter(|known| Some(*known) == before);
        Some(same.unwrap_or(&made.hash).clone())
    }

    /// The text at this place, if the document has one.
    pub(crate) fn text(&self, place: &str) -> Option<LongText> {
        self.texts.get(place).cloned()
    }
}

impl Password {
    async fn of(
        provisioning: &Provisioning,
        password: &SecretString,
        known: Option<PasswordHash>,
    ) -> Result<Self, ProvisioningError> {
        let passwords = &provisioning.people.passwords;
        if let Some(known) = known
            && passwords.is(password.clone(), Some(known.clone())).await?
        {
            return Ok(Self {
                hash: known.clone(),
                known: Some(known),
            });
        }
        Ok(Self {
            hash: passwords.hash(password.clone()).await?,
            known: None,
        })
    }
}

async fn known_password(
    provisioning: &Provisioning,
    which: Which,
    name: Option<&str>,
) -> Result<Option<PasswordHash>, ProvisioningError> {
    let number = match which {
        Which::New => None,
        Which::Number(number) => Some(number),
        Which::Called => provisioning.views.of::<RosterView>()?.read(|roster| {
            let user = roster.user_by_name(name?)?;
            Some(user.number)
        }),
    };
    let Some(number) = number else {
        return Ok(None);
    };
    let row = provisioning
        .views
        .ask(move |views| views.of::<RosterView>()?.row::<User>(number))
        .await?;
    Ok(row.map(|row| row.facts.user.password))
}
