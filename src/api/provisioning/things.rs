//! Makes each kind of thing as it is wanted.

use domain::jobs::job_template::JobTemplate;
use domain::{
    Sealed,
    core::{group, user},
    jobs::{job_template, project, worker, worker_pool},
};
use secrecy::{ExposeSecret, SecretString};

use super::document::{Item, Which};
use super::kind::{Groups, JobTemplates, Kind, Projects, Users, WorkerPools, Workers};
use super::plan::{Plan, Step, Stop};
use super::report::Change;
use super::wanted::set;
use super::{
    GroupFields, JobTemplateFields, ProjectFields, UserFields, Wanted, WorkerFields,
    WorkerPoolFields,
};
use crate::wire::Thing;

/// With what API keys begin that are made up here.
const API_KEY_PREFIX: &str = "worker-";
/// How many characters more they have.
const API_KEY_CHARS: usize = 16;

impl Plan<'_> {
    /// The number of the thing that is meant, if it is there, when names of its kind stand once.
    fn itself<K: Kind>(&self, item: &Item<K::Fields>) -> Option<u64> {
        match item.which {
            Which::Number(number) => Some(number),
            Which::New => None,
            Which::Called => self.called_so(K::THING, item.wanted.name()?),
        }
    }

    pub(super) async fn group(&mut self, item: &Item<GroupFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself::<Groups>(item);
        let (number, before) = self.open::<Groups>(place, known).await?;
        let blank = || group::Created::blank(number, self.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        let settled = self.finish::<Groups>(place, number, before, facts).await?;
        self.report(settled);
        Ok(())
    }

    pub(super) async fn user(&mut self, item: &Item<UserFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let groups = self.numbers(place, "groups", wanted.groups.as_deref(), Thing::Group)?;
        let known = self.itself::<Users>(item);
        let (number, before) = self.open::<Users>(place, known).await?;
        let known = before.as_ref().map(|before| &before.password);
        let Some(password) = self.prepared.password(place, known).or(known.cloned()) else {
            return self.wrong(place, "password", "is missing, and the user is new");
        };
        let mut facts = before.clone().unwrap_or_else(|| user::Created {
            number,
            name: String::new(),
            password: password.clone(),
            is_superuser: false,
            is_enabled: true,
            groups: Default::default(),
            at: self.at,
        });
        facts.password = password;
        wanted.set(&mut facts);
        set(&mut facts.groups, groups.as_ref());
        let mut settled = self.finish::<Users>(place, number, before, facts).await?;
        let before = settled.before.as_ref().map(|before| &before.password);
        if before != Some(&settled.after.password) {
            settled.report.changes.push(hidden("password"));
        }
        self.report(settled);
        Ok(())
    }

    pub(super) async fn worker(&mut self, item: &Item<WorkerFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself::<Workers>(item);
        let (number, before) = self.open::<Workers>(place, known).await?;
        let generated = match (&before, &wanted.secret) {
            (None, None) => Some(self.random()?),
            _ => None,
        };
        let secret = wanted.secret.as_ref().or(generated.as_ref());
        let known = before.as_ref().map(|before| &before.secret);
        let sealed = self.sealed(place, secret, known)?;
        let mut facts = match &before {
            Some(before) => before.clone(),
            None => worker::Registered {
                number,
                title: String::new(),
                description: String::new(),
                api_key: self.api_key()?,
                secret: sealed.clone(),
                enqueue_is_enabled: true,
                at: self.at,
            },
        };
        facts.secret = sealed;
        wanted.set(&mut facts);
        let mut settled = self.finish::<Workers>(place, number, before, facts).await?;
        let before = settled.before.as_ref().map(|before| &before.secret);
        let report = &mut settled.report;
        if before != Some(&settled.after.secret) {
            report.changes.push(hidden("secret"));
        }
        report.api_key = Some(settled.after.api_key.clone());
        report.api_key_is_made_up = settled.before.is_none() && wanted.api_key.is_none();
        report.secret = generated.map(|secret| secret.expose_secret().to_owned());
        self.report(settled);
        Ok(())
    }

    pub(super) async fn worker_pool(&mut self, item: &Item<WorkerPoolFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let workers = self.numbers(place, "workers", wanted.workers.as_deref(), Thing::Worker)?;
        let known = self.itself::<WorkerPools>(item);
        let (number, before) = self.open::<WorkerPools>(place, known).await?;
        let blank = || worker_pool::Created::blank(number, self.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        set(&mut facts.workers, workers.as_ref());
        let settled = self.finish::<WorkerPools>(place, number, before, facts);
        let settled = settled.await?;
        self.report(settled);
        Ok(())
    }

    pub(super) async fn project(&mut self, item: &Item<ProjectFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let (groups, admins) = (wanted.groups.as_deref(), wanted.auth_groups.as_deref());
        let pools = wanted.worker_pools.as_deref();
        let viewers = self.numbers(place, "groups", groups, Thing::Group);
        let admins = self.numbers(place, "auth_groups", admins, Thing::Group);
        let pools = self.numbers(place, "worker_pools", pools, Thing::WorkerPool);
        let (viewers, admins, pools) = (viewers?, admins?, pools?);
        let known = self.itself::<Projects>(item);
        let (number, before) = self.open::<Projects>(place, known).await?;
        let blank = || project::Created::blank(number, self.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        set(&mut facts.worker_pools, pools.as_ref());
        set(&mut facts.viewers, viewers.as_ref());
        set(&mut facts.admins, admins.as_ref());
        let settled = self.finish::<Projects>(place, number, before, facts);
        let settled = settled.await?;
        if let Some(before) = &settled.before {
            let lost = before.worker_pools.difference(&settled.after.worker_pools);
            let lost = (place.to_owned(), lost.copied().collect());
            self.lost_pools.insert(number, lost);
        }
        if settled.after.viewers.is_empty() {
            let title = &settled.after.title;
            let note = format!("nobody who logs in sees the project `{title}`: it has no groups");
            self.applied.notes.push(note);
        }
        self.report(settled);
        Ok(())
    }

    pub(super) async fn job_template(&mut self, item: &Item<JobTemplateFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let project = self.number(
            place,
            "project",
            wanted.project.as_ref(),
            |plan, project| plan.find(Thing::Project, project),
        )?;
        let known = match (item.which, project, wanted.name()) {
            (Which::Number(number), ..) => Some(number),
            (Which::Called, Some(project), Some(title)) => self.template_in(project, title),
            (Which::Called, None, Some(title)) => self.only_template(title),
            _ => None,
        };
        if known.is_none() && project.is_none() {
            return self.wrong(place, "project", "is missing");
        }
        let (number, before) = self.open::<JobTemplates>(place, known).await?;
        let blank = || job_template::Created::blank(number, self.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        set(&mut facts.project, project.as_ref());
        set(&mut facts.body, self.prepared.text(place).as_ref());
        let settled = self.finish::<JobTemplates>(place, number, before, facts);
        let mut settled = settled.await?;
        settled.key = self.template_key(settled.key, settled.after.project);
        self.report(settled);
        Ok(())
    }

    /// The project of a template.
    pub(super) async fn project_of(&mut self, place: &str, template: u64) -> Step<u64> {
        let loaded = self.unit.load::<JobTemplate>(&template.to_string()).await;
        let loaded = loaded.map_err(|error| self.refused(place, error))?;
        match loaded.facts() {
            Some(facts) => Ok(facts.project),
            None => Err(Stop::Noted),
        }
    }

    /// The secret of a worker, sealed. One that is the same is not sealed anew, because it would look
    /// different each time.
    fn sealed(
        &mut self,
        place: &str,
        secret: Option<&SecretString>,
        known: Option<&Sealed>,
    ) -> Step<Sealed> {
        let seal = &self.app.people.seal;
        let is_same = |known: &&Sealed| {
            secret.is_none_or(|secret| {
                let opened = seal.open(known);
                opened.is_ok_and(|known| known.expose_secret() == secret.expose_secret())
            })
        };
        if let Some(known) = known.filter(is_same) {
            return Ok(known.clone());
        }
        let sealed = seal.seal(secret.unwrap_or(&SecretString::default()));
        sealed.or_else(|error| {
            tracing::error!(%error, "a secret cannot be sealed: {error}");
            self.wrong(place, "secret", "cannot be sealed at present")
        })
    }

    fn api_key(&self) -> Step<String> {
        let random = self.random()?;
        let random = random.expose_secret().chars().take(API_KEY_CHARS);
        Ok(API_KEY_PREFIX.chars().chain(random).collect())
    }

    fn random(&self) -> Step<SecretString> {
        people::secret::new_secret()
            .map(SecretString::from)
            .map_err(|error| {
                tracing::error!(%error, "no randomness: {error}");
                Stop::Over(commands::CommandError::Busy)
            })
    }
}

/// A change that nobody may see.
fn hidden(field: &str) -> Change {
    Change {
        field: field.to_owned(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
    }
}
