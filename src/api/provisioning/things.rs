//! Makes each kind of thing as it is wanted.

use domain::job_template::JobTemplate;
use domain::{Sealed, group, job_template, project, user, worker, worker_pool};
use secrecy::{ExposeSecret, SecretString};

use super::document::{Item, Which};
use super::kind::{Groups, JobTemplates, Kind, Projects, Users, WorkerPools, Workers};
use super::plan::{Plan, Step, Stop};
use super::report::Change;
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
    fn itself<T: Wanted>(&self, thing: Thing, item: &Item<T>) -> Option<u64> {
        match item.which {
            Which::Number(number) => Some(number),
            Which::New => None,
            Which::Called => self.called_so(thing, item.wanted.name()?),
        }
    }

    /// Notes that something is called so from now on.
    pub(super) fn note<K: Kind>(&mut self, within: u64, number: u64, facts: &K::Facts) -> String {
        let (_, _, name) = K::names(facts).swap_remove(0);
        self.made.insert((K::THING, within, name.clone()), number);
        name
    }

    pub(super) async fn group(&mut self, item: &Item<GroupFields>) -> Step<()> {
        let wanted = &item.wanted;
        let known = self.itself(Thing::Group, item);
        let (number, before) = self.open::<Groups>(&item.place, known).await?;
        let mut facts = before.clone().unwrap_or_else(|| group::Created {
            number,
            name: String::new(),
            at: self.at,
        });
        set(&mut facts.name, wanted.name.as_ref());
        let settled = self
            .finish::<Groups>(&item.place, number, before, facts)
            .await?;
        let name = self.note::<Groups>(0, settled.number, &settled.after);
        self.report(GroupFields::PLURAL, name, settled.report);
        Ok(())
    }

    pub(super) async fn user(&mut self, item: &Item<UserFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself(Thing::User, item);
        let groups = wanted.groups.as_deref();
        let groups = self.numbers(place, "groups", groups, |plan, group| {
            plan.find(Thing::Group, group)
        })?;
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
        set(&mut facts.name, wanted.username.as_ref());
        set(&mut facts.is_superuser, wanted.admin.as_ref());
        set(&mut facts.is_enabled, wanted.enabled.as_ref());
        set(&mut facts.groups, groups.as_ref());
        let settled = self.finish::<Users>(place, number, before, facts).await?;
        let before = settled.before.as_ref().map(|before| &before.password);
        let mut report = settled.report;
        if before != Some(&settled.after.password) {
            report.changes.push(hidden("password"));
        }
        let name = self.note::<Users>(0, settled.number, &settled.after);
        self.report(UserFields::PLURAL, name, report);
        Ok(())
    }

    pub(super) async fn worker(&mut self, item: &Item<WorkerFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself(Thing::Worker, item);
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
        set(&mut facts.title, wanted.title.as_ref());
        set(&mut facts.description, wanted.description.as_ref());
        set(&mut facts.api_key, wanted.api_key.as_ref());
        set(
            &mut facts.enqueue_is_enabled,
            wanted.enqueue_is_enabled.as_ref(),
        );
        let settled = self.finish::<Workers>(place, number, before, facts).await?;
        let before = settled.before.as_ref().map(|before| &before.secret);
        let mut report = settled.report;
        if before != Some(&settled.after.secret) {
            report.changes.push(hidden("secret"));
        }
        report.api_key = Some(settled.after.api_key.clone());
        report.api_key_is_made_up = settled.before.is_none() && wanted.api_key.is_none();
        report.secret = generated.map(|secret| secret.expose_secret().to_owned());
        let name = self.note::<Workers>(0, settled.number, &settled.after);
        self.report(WorkerFields::PLURAL, name, report);
        Ok(())
    }

    pub(super) async fn worker_pool(&mut self, item: &Item<WorkerPoolFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself(Thing::WorkerPool, item);
        let workers = wanted.workers.as_deref();
        let workers = self.numbers(place, "workers", workers, |plan, worker| {
            plan.find(Thing::Worker, worker)
        })?;
        let (number, before) = self.open::<WorkerPools>(place, known).await?;
        let mut facts = before.clone().unwrap_or_else(|| worker_pool::Created {
            number,
            title: String::new(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            workers: Default::default(),
            at: self.at,
        });
        let addresses = wanted.notification_addresses.as_ref();
        set(&mut facts.title, wanted.title.as_ref());
        set(&mut facts.description, wanted.description.as_ref());
        set(&mut facts.notification_addresses, addresses);
        set(
            &mut facts.enqueue_is_enabled,
            wanted.enqueue_is_enabled.as_ref(),
        );
        set(&mut facts.workers, workers.as_ref());
        let settled = self
            .finish::<WorkerPools>(place, number, before, facts)
            .await?;
        let name = self.note::<WorkerPools>(0, settled.number, &settled.after);
        self.report(WorkerPoolFields::PLURAL, name, settled.report);
        Ok(())
    }

    pub(super) async fn project(&mut self, item: &Item<ProjectFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = self.itself(Thing::Project, item);
        let group = |plan: &Plan<'_>, group: &_| plan.find(Thing::Group, group);
        let pool = |plan: &Plan<'_>, pool: &_| plan.find(Thing::WorkerPool, pool);
        let viewers = self.numbers(place, "groups", wanted.groups.as_deref(), group);
        let admins = self.numbers(place, "auth_groups", wanted.auth_groups.as_deref(), group);
        let pools = self.numbers(place, "worker_pools", wanted.worker_pools.as_deref(), pool);
        let (viewers, admins, pools) = (viewers?, admins?, pools?);
        let (number, before) = self.open::<Projects>(place, known).await?;
        let mut facts = before.clone().unwrap_or_else(|| project::Created {
            number,
            title: String::new(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            worker_pools: Default::default(),
            viewers: Default::default(),
            admins: Default::default(),
            at: self.at,
        });
        let addresses = wanted.notification_addresses.as_ref();
        set(&mut facts.title, wanted.title.as_ref());
        set(&mut facts.description, wanted.description.as_ref());
        set(&mut facts.notification_addresses, addresses);
        set(
            &mut facts.enqueue_is_enabled,
            wanted.enqueue_is_enabled.as_ref(),
        );
        set(&mut facts.worker_pools, pools.as_ref());
        set(&mut facts.viewers, viewers.as_ref());
        set(&mut facts.admins, admins.as_ref());
        let settled = self
            .finish::<Projects>(place, number, before, facts)
            .await?;
        if let Some(before) = &settled.before {
            let lost = before.worker_pools.difference(&settled.after.worker_pools);
            let lost: Vec<u64> = lost.copied().collect();
            self.lost_pools
                .insert(settled.number, (place.to_owned(), lost));
        }
        let title = self.note::<Projects>(0, settled.number, &settled.after);
        if settled.after.viewers.is_empty() {
            let note = format!("nobody who logs in sees the project `{title}`: it has no groups");
            self.applied.notes.push(note);
        }
        self.report(ProjectFields::PLURAL, title, settled.report);
        Ok(())
    }

    pub(super) async fn job_template(&mut self, item: &Item<JobTemplateFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let project = wanted.project.as_ref();
        let project = self.number(place, "project", project, |plan, project| {
            plan.find(Thing::Project, project)
        })?;
        let known = match (item.which, project, wanted.name()) {
            (Which::Number(number), ..) => Some(number),
            (Which::Called, Some(project), Some(title)) => self.template_in(project, title),
            (Which::Called, None, Some(title)) => self.only_template(title),
            _ => None,
        };
        if known.is_none() && project.is_none() {
            return self.wrong(place, "project", "is missing");
        }
        let body = self.prepared.text(place);
        let (number, before) = self.open::<JobTemplates>(place, known).await?;
        let mut facts = before.clone().unwrap_or_else(|| job_template::Created {
            number,
            title: String::new(),
            description: String::new(),
            project: 0,
            body: Default::default(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            at: self.at,
        });
        let addresses = wanted.notification_addresses.as_ref();
        set(&mut facts.title, wanted.title.as_ref());
        set(&mut facts.description, wanted.description.as_ref());
        set(&mut facts.project, project.as_ref());
        set(&mut facts.body, body.as_ref());
        set(&mut facts.notification_addresses, addresses);
        set(
            &mut facts.enqueue_is_enabled,
            wanted.enqueue_is_enabled.as_ref(),
        );
        let settled = self
            .finish::<JobTemplates>(place, number, before, facts)
            .await?;
        let project = settled.after.project;
        let title = self.note::<JobTemplates>(project, settled.number, &settled.after);
        let key = self.template_key(title, project);
        self.report(JobTemplateFields::PLURAL, key, settled.report);
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
        let seal = &self.house.seal;
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
        web::secret::new_secret()
            .map(SecretString::from)
            .map_err(|error| {
                tracing::error!(%error, "no randomness: {error}");
                Stop::Over(commands::CommandError::Busy)
            })
    }
}

/// Sets what was spoken of.
pub(super) fn set<T: Clone>(field: &mut T, wanted: Option<&T>) {
    if let Some(wanted) = wanted {
        field.clone_from(wanted);
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
