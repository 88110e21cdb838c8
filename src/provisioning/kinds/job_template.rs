//! Job templates in documents and answers. Their titles are unique within a project.

use domain::LongText;
use domain::jobs::job_template::{Created, JobTemplate};
use domain::jobs::project::Project;

use crate::fields::{DESCRIPTION_BYTES_MAX, SCRIPT_BYTES_MAX};
use crate::find::{Found, splits};
use crate::kind::{described, fields, kind, set, shown};
use crate::plan::{Plan, Step, Stop};
use crate::{DocumentFields, Item, Kind, Look, Named, Reference, Which};

fields! {
    JobTemplateFields of Created: "job_templates", called title {
        /// What people call it; no two of a project have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Shell")]
        title: String = title() => title,
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The project that its jobs belong to, by title or number.
        #[schema(value_type = Option<String>, nullable = false)]
        project: Reference = required_reference(),
        /// The text around the scripts of its jobs: `{{ content|safe }}` is replaced by the script.
        #[schema(example = "#!/bin/sh\n{{ content|safe }}\n")]
        body: String = text(SCRIPT_BYTES_MAX),
        /// Mail addresses for failures, one per line (a list is accepted).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (default: yes).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }
}

shown! {
    ShownJobTemplate as JobTemplate of Created, |template, look| {
        /// What people call it.
        title: String = template.title.clone(),
        description: String = template.description.clone(),
        /// The project that its jobs belong to.
        project: Named = look.named::<Project>(template.project),
        /// The text around the scripts of its jobs.
        body: String = described(&template.body),
        /// Mail addresses for failures, one per line.
        notification_addresses: String = template.notification_addresses.clone(),
        /// Whether runs are sent.
        enqueue_is_enabled: bool = template.enqueue_is_enabled,
    }
}

impl Kind for JobTemplate {
    kind!(JobTemplateFields, ShownJobTemplate, job_templates);

    fn name(facts: &Created) -> &str {
        &facts.title
    }

    fn within(facts: &Created) -> Option<u64> {
        Some(facts.project)
    }

    fn wanted_text(fields: &JobTemplateFields) -> Option<&String> {
        fields.body.as_ref()
    }

    fn long_text(facts: &Created) -> Option<&LongText> {
        Some(&facts.body)
    }

    fn show_text(shown: &mut ShownJobTemplate, text: String) {
        shown.body = text;
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<JobTemplateFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let project = wanted.project.as_ref();
        let project = plan.number(place, "project", project, Plan::find::<Project>)?;
        let known = match (item.which, project, wanted.name()) {
            (Which::Number(number), ..) => Some(number),
            (Which::Called, Some(project), Some(title)) => {
                plan.called_within::<Self>(project, title)
            }
            (Which::Called, None, Some(title)) => plan.only::<Self>(title),
            _ => None,
        };
        if known.is_none() && project.is_none() {
            return plan.wrong(place, "project", "is missing");
        }
        let (number, before) = plan.open::<Self>(place, known).await?;
        let blank = || Created::blank(number, plan.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        set(&mut facts.project, project.as_ref());
        set(&mut facts.body, plan.prepared.text(place).as_ref());
        let settled = plan.finish::<Self>(place, number, before, facts);
        let mut settled = settled.await?;
        settled.key = key(plan, settled.key, settled.after.project);
        plan.report(settled);
        Ok(())
    }
}

/// The template that a reference means: by number, by title, or by `project/title`.
pub(super) fn find(plan: &Plan<'_>, reference: &Reference) -> Found {
    let Reference::Called(name) = reference else {
        return plan.find::<JobTemplate>(reference);
    };
    let within = splits(name).find_map(|(project, title)| {
        plan.called_within::<JobTemplate>(plan.called_so::<Project>(project)?, title)
    });
    plan.only_or::<JobTemplate>(reference, name, within, "project/title")
}

/// The number of a template's project.
pub(super) async fn project_of(plan: &mut Plan<'_>, place: &str, template: u64) -> Step<u64> {
    let loaded = plan.unit.load::<JobTemplate>(&template.to_string()).await;
    let loaded = loaded.map_err(|error| plan.refused(place, error))?;
    match loaded.facts() {
        Some(facts) => Ok(facts.project),
        None => Err(Stop::Noted),
    }
}

/// The key of a template in the report.
fn key(plan: &Plan<'_>, title: String, project: u64) -> String {
    if !plan.is_ambiguous::<JobTemplate>(&title) {
        return title;
    }
    let project = plan.named::<Project>(project).title;
    format!("{project}/{title}")
}
