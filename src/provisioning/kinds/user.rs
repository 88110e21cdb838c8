//! Users in documents and answers. Their passwords are hashed before the unit of work.

use domain::PasswordHash;
use domain::core::group::Group;
use domain::core::user::{Created, User};
use people::PASSWORD_BYTES_MAX;
use secrecy::SecretString;

use crate::kind::{fields, kind, set, shown};
use crate::plan::{Plan, Step};
use crate::report::Change;
use crate::{DocumentFields, Item, Kind, Named, Reference};

fields! {
    /// A user who logs in.
    UserFields of Created: "users", called username {
        /// By what they log in; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "jane")]
        username: String = title() => name,
        /// Their password; needed for a new user. Only a hash of it is kept.
        #[schema(value_type = Option<String>, format = Password, write_only, nullable = false)]
        password: SecretString = secret_or_file("password_file", PASSWORD_BYTES_MAX),
        /// The groups they belong to, by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        groups: Vec<Reference> = references(),
        /// Whether they may administer everything. What they see depends on their groups only.
        #[schema(nullable = false)]
        admin: bool = flag() => is_superuser,
        /// Whether they may log in (default: yes).
        #[schema(nullable = false)]
        enabled: bool = flag() => is_enabled,
    }
}

shown! {
    /// A user, without the password.
    ShownUser as User of Created, |user, look| {
        /// By what they log in.
        username: String = user.name.clone(),
        /// The groups they belong to.
        groups: Vec<Named> = look.all::<Group>(&user.groups),
        /// Whether they may administer everything.
        admin: bool = user.is_superuser,
        /// Whether they may log in.
        enabled: bool = user.is_enabled,
    }
}

impl Kind for User {
    kind!(UserFields, ShownUser, users);

    fn name(facts: &Created) -> &str {
        &facts.name
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<UserFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let groups = plan.numbers::<Group>(place, "groups", wanted.groups.as_deref())?;
        let known = plan.known::<Self>(item);
        let (number, before) = plan.open::<Self>(place, known).await?;
        let known: Option<&PasswordHash> = before.as_ref().map(|before| &before.password);
        let Some(password) = plan.prepared.password(place, known).or(known.cloned()) else {
            return plan.wrong(place, "password", "is missing, and the user is new");
        };
        let is_new_password = known != Some(&password);
        let blank = || Created::blank(number, password.clone(), plan.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        facts.password = password;
        wanted.set(&mut facts);
        set(&mut facts.groups, groups.as_ref());
        let mut settled = plan.finish::<Self>(place, number, before, facts).await?;
        if is_new_password {
            settled.report.changes.push(Change::hidden("password"));
        }
        plan.report(settled);
        Ok(())
    }
}
