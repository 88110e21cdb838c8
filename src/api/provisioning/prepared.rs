//! What takes its time, and is done before the unit of work begins.

use projections::RosterView;
use std::collections::BTreeMap;

use domain::{LongText, PasswordHash};
use secrecy::SecretString;
use web::Problem;

use super::document::{Document, Which};
use crate::Api;

/// The most passwords in one document: each takes a core for a while.
const PASSWORDS_MAX: usize = 256;

/// What was made ready, by its place in the document.
#[derive(Default)]
pub(super) struct Prepared {
    passwords: BTreeMap<String, Password>,
    texts: BTreeMap<String, LongText>,
}

struct Password {
    /// The hash of the password that is wanted.
    hash: PasswordHash,
    /// The hash that the user had, when it is that of the password that is wanted.
    known: Option<PasswordHash>,
}

impl Prepared {
    /// Makes everything ready. When nothing is to be changed, nothing is kept.
    pub(super) async fn of(app: &Api, document: &Document, keep: bool) -> Result<Self, Problem> {
        let mut prepared = Self::default();
        let users = document.users.iter();
        let passwords: Vec<_> = users
            .filter_map(|user| Some((user, user.wanted.password.as_ref()?)))
            .collect();
        if passwords.len() > PASSWORDS_MAX {
            return Err(Problem::bad_request(format!(
                "a document has {PASSWORDS_MAX} passwords at most"
            )));
        }
        for (user, password) in passwords {
            let known = known_password(app, user.which, user.wanted.username.as_deref()).await?;
            let made = Password::of(app, password, known).await?;
            prepared.passwords.insert(user.place.clone(), made);
        }
        let bodies = document.job_templates.iter();
        let bodies = bodies.map(|it| (&it.place, &it.wanted.body));
        let scripts = document.jobs.iter();
        let scripts = scripts.map(|it| (&it.place, &it.wanted.script_content_partial));
        for (place, text) in bodies.chain(scripts) {
            if let Some(text) = text.clone() {
                let text = match keep {
                    true => app.keep_text(text).await?,
                    false => web::App::name_text(text),
                };
                prepared.texts.insert(place.clone(), text);
            }
        }
        Ok(prepared)
    }

    /// The password of the user at this place, who has had `before`: the same as before, if it is the same.
    pub(super) fn password(
        &self,
        place: &str,
        before: Option<&PasswordHash>,
    ) -> Option<PasswordHash> {
        let made = self.passwords.get(place)?;
        let same = made.known.as_ref().filter(|known| Some(*known) == before);
        Some(same.unwrap_or(&made.hash).clone())
    }

    /// The script at this place, if it was spoken of.
    pub(super) fn text(&self, place: &str) -> Option<LongText> {
        self.texts.get(place).cloned()
    }
}

impl Password {
    async fn of(
        app: &Api,
        password: &SecretString,
        known: Option<PasswordHash>,
    ) -> Result<Self, Problem> {
        if let Some(known) = known
            && app
                .people
                .passwords
                .is(password.clone(), Some(known.clone()))
                .await?
        {
            return Ok(Self {
                hash: known.clone(),
                known: Some(known),
            });
        }
        Ok(Self {
            hash: app.people.passwords.hash(password.clone()).await?,
            known: None,
        })
    }
}

async fn known_password(
    app: &Api,
    which: Which,
    name: Option<&str>,
) -> Result<Option<PasswordHash>, Problem> {
    let number = match which {
        Which::New => None,
        Which::Number(number) => Some(number),
        Which::Called => app.views.of::<RosterView>()?.read(|roster| {
            let user = roster.user_by_name(name?)?;
            Some(user.number)
        }),
    };
    let Some(number) = number else {
        return Ok(None);
    };
    let row = app
        .views
        .ask(move |views| views.of::<RosterView>()?.user(number))
        .await?;
    Ok(row.map(|row| row.facts.user.password))
}
