//! Finds what documents refer to: among what this unit has made, then among what the farm has.

use projections::jobs::roster::Roster;

use super::Reference;
use super::plan::Plan;
use crate::wire::Thing;

type Found = Result<u64, String>;

impl Plan<'_> {
    fn roster<T>(&self, look: impl FnOnce(&Roster) -> T) -> T {
        self.roster.read(look)
    }

    /// What this unit has made of this name.
    fn made(&self, thing: Thing, within: u64, name: &str) -> Option<u64> {
        self.made.get(&(thing, within, name.to_owned())).copied()
    }

    /// The thing of this name that is there, if there is one.
    pub(super) fn called_so(&self, thing: Thing, name: &str) -> Option<u64> {
        self.made(thing, 0, name).or_else(|| {
            let there = self.roster(|roster| match thing {
                Thing::Group => roster.group_by_name(name).map(|it| it.number),
                Thing::User => roster.user_by_name(name).map(|it| it.number),
                Thing::Worker => roster.worker_by_title(name).map(|it| it.number),
                Thing::WorkerPool => roster.worker_pool_by_title(name).map(|it| it.number),
                Thing::Project => roster.project_by_title(name).map(|it| it.number),
                // These have names within something else.
                Thing::JobTemplate | Thing::Job => None,
            });
            self.still(thing, name, there)
        })
    }

    /// What was there under a name, unless this unit calls it otherwise.
    fn still(&self, thing: Thing, name: &str, there: Option<u64>) -> Option<u64> {
        let called = |number: &u64| self.called.get(&(thing, *number));
        there.filter(|number| called(number).is_none_or(|now| now == name))
    }

    /// The template of this title in a project, if there is one.
    pub(super) fn template_in(&self, project: u64, title: &str) -> Option<u64> {
        self.made(Thing::JobTemplate, project, title).or_else(|| {
            let there =
                self.roster(|roster| roster.job_template_by_title(project, title)?.number.into());
            self.still(Thing::JobTemplate, title, there)
        })
    }

    /// The job of this title in a template, if there is one.
    pub(super) fn job_in(&self, template: u64, title: &str) -> Option<u64> {
        self.made(Thing::Job, template, title).or_else(|| {
            let there = self.roster(|roster| roster.job_by_title(template, title)?.number.into());
            self.still(Thing::Job, title, there)
        })
    }

    fn exists(&self, thing: Thing, number: u64) -> bool {
        self.roster(|roster| match thing {
            Thing::Group => roster.group(number).is_some(),
            Thing::User => roster.user(number).is_some(),
            Thing::Worker => roster.worker(number).is_some(),
            Thing::WorkerPool => roster.worker_pool(number).is_some(),
            Thing::Project => roster.project(number).is_some(),
            Thing::JobTemplate => roster.job_template(number).is_some(),
            Thing::Job => roster.job(number).is_some(),
        })
    }

    /// The thing that a reference means, of a kind whose names stand once.
    pub(super) fn find(&self, thing: Thing, reference: &Reference) -> Found {
        let found = match reference {
            Reference::Number(number) => Some(*number).filter(|it| self.exists(thing, *it)),
            Reference::Called(name) => self.called_so(thing, name),
        };
        found.ok_or_else(|| unknown(thing, reference))
    }

    /// All templates of a title.
    fn templates_called(&self, title: &str) -> Vec<u64> {
        let there = self.roster(|roster| -> Vec<u64> {
            let all = roster.job_templates().values();
            all.filter(|it| it.title == title)
                .map(|it| it.number)
                .collect()
        });
        self.with_made(Thing::JobTemplate, title, there)
    }

    /// All jobs of a title.
    fn jobs_called(&self, title: &str) -> Vec<u64> {
        let there = self.roster(|roster| -> Vec<u64> {
            let all = roster.jobs().values();
            all.filter(|it| it.title == title)
                .map(|it| it.number)
                .collect()
        });
        self.with_made(Thing::Job, title, there)
    }

    fn with_made(&self, thing: Thing, title: &str, mut numbers: Vec<u64>) -> Vec<u64> {
        let made = self
            .made
            .iter()
            .filter(|((kind, _, name), _)| *kind == thing && name == title);
        numbers.extend(made.map(|(_, number)| *number));
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The template that a reference means: by number, by title, or by `project/title`.
    pub(super) fn find_template(&self, reference: &Reference) -> Found {
        let thing = Thing::JobTemplate;
        let Reference::Called(name) = reference else {
            return self.find(thing, reference);
        };
        let within = splits(name).find_map(|(project, title)| {
            self.template_in(self.called_so(Thing::Project, project)?, title)
        });
        only(
            thing,
            reference,
            &self.templates_called(name),
            within,
            "project/title",
        )
    }

    /// The job that a reference means: by number, by title in the same template or else anywhere, by
    /// `template/title`, or by `project/template/title`.
    pub(super) fn find_job(&self, template: u64, reference: &Reference) -> Found {
        let thing = Thing::Job;
        let Reference::Called(name) = reference else {
            return self.find(thing, reference);
        };
        if let Some(number) = self.job_in(template, name) {
            return Ok(number);
        }
        let within = splits(name).find_map(|(template, title)| {
            let template = Reference::Called(template.to_owned());
            self.job_in(self.find_template(&template).ok()?, title)
        });
        only(
            thing,
            reference,
            &self.jobs_called(name),
            within,
            "template/title",
        )
    }

    /// The one template of a title, for who does not say of which project.
    pub(super) fn only_template(&self, title: &str) -> Option<u64> {
        alone(&self.templates_called(title))
    }

    /// The one job of a title, for who does not say of which template.
    pub(super) fn only_job(&self, title: &str) -> Option<u64> {
        alone(&self.jobs_called(title))
    }
}

/// Every way to read a name as a place and a title: both may have a stroke in them.
fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let strokes = name.match_indices('/');
    strokes.map(|(at, _)| (&name[..at], &name[at + 1..]))
}

fn alone(numbers: &[u64]) -> Option<u64> {
    match numbers {
        [number] => Some(*number),
        _ => None,
    }
}

fn only(
    thing: Thing,
    reference: &Reference,
    called: &[u64],
    within: Option<u64>,
    form: &str,
) -> Found {
    match (called, within) {
        ([number], _) => Ok(*number),
        (_, Some(number)) => Ok(number),
        ([], None) => Err(unknown(thing, reference)),
        (several, None) => Err(format!(
            "{} {}s are called {reference}; say which as {form}, or give its number",
            several.len(),
            thing.word()
        )),
    }
}

fn unknown(thing: Thing, reference: &Reference) -> String {
    match reference {
        Reference::Number(number) => format!("no {} has the number {number}", thing.word()),
        Reference::Called(_) => format!("no {} is called {reference}", thing.word()),
    }
}
