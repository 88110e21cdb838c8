//! What a list is narrowed to: `?state=started&worker__api_key=worker1`.
//!
//! A parameter is a path of names with `__` between them and perhaps a lookup at its end. One whose
//! first name is no field of the resource is ignored; a field that cannot be filtered by, a lookup
//! that it does not have and a value of another type are refused. All conditions must hold.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::parameters::Parameters;
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::schema;

mod admits;
mod of_runs;
mod runs;
mod test;

pub(crate) use test::Test;
use test::{LOOKUPS, Operand};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProjectTest {
    Number(Test<i64>),
    Title(Test<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WorkerPoolTest {
    Title(Test<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WorkerTest {
    Number(Test<i64>),
    ApiKey(Test<String>),
}

/// What job templates are narrowed to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JobTemplateTest {
    Number(Test<i64>),
    Title(Test<String>),
    Project(ProjectTest),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JobTest {
    Number(Test<i64>),
    Title(Test<String>),
    JobTemplate(JobTemplateTest),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunTest {
    IsManual(Test<bool>),
    ScheduleAt(Test<Timestamp>),
    Job(JobTest),
    Worker(WorkerTest),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum KillRequestTest {
    Run(Test<i64>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunLogTest {
    Run(Test<i64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Scheduled,
    InQueue,
    Started,
    Completed,
    CompletedSuccessful,
    CompletedWithError,
    LastCompleted,
}

/// What a list is narrowed to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter<T> {
    /// Every one of them must hold.
    pub(crate) tests: Vec<T>,
    /// Only what belongs to the project with this number.
    pub(crate) project: Option<i64>,
}

struct Condition<'a> {
    name: &'a str,
    path: Vec<&'a str>,
    lookup: &'a str,
    value: &'a str,
    zone: &'a TimeZone,
}

impl<T: Narrows> Filter<T> {
    /// Reads what a list is narrowed to. `project_id` counts where the resource knows it.
    ///
    /// # Errors
    /// 400 for an invalid filter, and for any order: there is only one.
    pub(crate) fn read(parameters: &Parameters, zone: &TimeZone) -> Reply<Self> {
        if parameters.last("order_by").is_some() {
            return Err(Refusal::about("order_by", "lists have one order"));
        }
        let mut tests = Vec::new();
        for (name, value) in parameters.conditions() {
            let condition = Condition::of(name, value, zone);
            if schema::has_field(T::RESOURCE, condition.path[0]) {
                tests.push(T::read(&condition.path, &condition)?);
            }
        }
        let project = match parameters.last("project_id") {
            Some(text) if T::BELONGS_TO_PROJECTS => Some(
                i64::read(text, zone)
                    .ok_or_else(|| Refusal::about("project_id", "must be an integer"))?,
            ),
            _ => None,
        };
        Ok(Self { tests, project })
    }
}

/// The conditions that a resource knows.
pub(crate) trait Narrows: Sized {
    const RESOURCE: Resource;
    /// Whether `project_id` narrows it.
    const BELONGS_TO_PROJECTS: bool;

    #[expect(private_interfaces, reason = "only the filter reads conditions")]
    fn read(path: &[&str], condition: &Condition<'_>) -> Reply<Self>;
}

/// Whose list it is, for the resource without conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {}

impl Narrows for Group {
    const RESOURCE: Resource = Resource::Group;
    const BELONGS_TO_PROJECTS: bool = false;

    #[expect(private_interfaces, reason = "only the filter reads conditions")]
    fn read(_: &[&str], condition: &Condition<'_>) -> Reply<Self> {
        condition.refuse()
    }
}

macro_rules! narrows {
    ($($test:ident of $resource:ident $by_project:literal: $read:expr;)+) => {
        $(impl Narrows for $test {
            const RESOURCE: Resource = Resource::$resource;
            const BELONGS_TO_PROJECTS: bool = $by_project;

            #[expect(private_interfaces, reason = "only the filter reads conditions")]
            fn read(path: &[&str], condition: &Condition<'_>) -> Reply<Self> {
                $read(path, condition)
            }
        })+
    };
}
narrows! {
    ProjectTest of Project false: |path: &[&str], condition: &Condition<'_>| match path {
        ["id"] => condition.exact().map(Self::Number),
        ["title"] => condition.exact().map(Self::Title),
        _ => condition.refuse(),
    };
    WorkerPoolTest of WorkerPool true: |path: &[&str], condition: &Condition<'_>| match path {
        ["title"] => condition.exact().map(Self::Title),
        _ => condition.refuse(),
    };
    WorkerTest of Worker true: |path: &[&str], condition: &Condition<'_>| match path {
        ["api_key"] => condition.any().map(Self::ApiKey),
        _ => condition.refuse(),
    };
    JobTemplateTest of JobTemplate true: |path: &[&str], condition: &Condition<'_>| match path {
        ["title"] => condition.exact().map(Self::Title),
        ["project"] => condition.any().map(ProjectTest::Number).map(Self::Project),
        ["project", rest @ ..] => ProjectTest::read(rest, condition).map(Self::Project),
        _ => condition.refuse(),
    };
    JobTest of Job true: |path: &[&str], condition: &Condition<'_>| match path {
        ["title"] => condition.exact().map(Self::Title),
        ["job_template"] => condition.any().map(JobTemplateTest::Number).map(Self::JobTemplate),
        ["job_template", rest @ ..] => JobTemplateTest::read(rest, condition).map(Self::JobTemplate),
        _ => condition.refuse(),
    };
    RunTest of Run true: |path: &[&str], condition: &Condition<'_>| match path {
        ["is_manual"] => condition.any().map(Self::IsManual),
        ["schedule_dts"] => condition.any().map(Self::ScheduleAt),
        ["job"] => condition.any().map(JobTest::Number).map(Self::Job),
        ["job", rest @ ..] => JobTest::read(rest, condition).map(Self::Job),
        ["worker"] => condition.any().map(WorkerTest::Number).map(Self::Worker),
        ["worker", rest @ ..] => WorkerTest::read(rest, condition).map(Self::Worker),
        _ => condition.refuse(),
    };
    KillRequestTest of KillRequest false: |path: &[&str], condition: &Condition<'_>| match path {
        ["run"] => condition.named().map(Self::Run),
        _ => condition.refuse(),
    };
    RunLogTest of RunLog false: |path: &[&str], condition: &Condition<'_>| match path {
        ["run"] => condition.named().map(Self::Run),
        _ => condition.refuse(),
    };
}

impl<'a> Condition<'a> {
    fn of(name: &'a str, value: &'a str, zone: &'a TimeZone) -> Self {
        let mut path: Vec<&str> = name.split("__").collect();
        let lookup = match path.last() {
            Some(last) if path.len() > 1 && LOOKUPS.contains(last) => path.pop(),
            _ => None,
        };
        Self {
            name,
            path,
            lookup: lookup.unwrap_or("exact"),
            value,
            zone,
        }
    }

    fn any<T: Operand>(&self) -> Reply<Test<T>> {
        Test::read(self.lookup, self.value, self.zone)
            .ok_or_else(|| Refusal::about(self.name, "the lookup or its value makes no sense"))
    }

    fn exact<T: Operand>(&self) -> Reply<Test<T>> {
        match self.lookup {
            "exact" => self.any(),
            _ => self.refuse(),
        }
    }

    /// Only those that are named: what lists of them are found by.
    fn named<T: Operand>(&self) -> Reply<Test<T>> {
        match self.lookup {
            "exact" | "in" => self.any(),
            _ => self.refuse(),
        }
    }

    fn refuse<T>(&self) -> Reply<T> {
        Err(Refusal::about(self.name, "cannot be filtered by"))
    }
}

impl State {
    /// Reads a state. An unknown one is none, and narrows nothing.
    pub(crate) fn read(parameters: &Parameters) -> Option<Self> {
        Some(match parameters.last("state")? {
            "scheduled" => Self::Scheduled,
            "in_queue" => Self::InQueue,
            "started" => Self::Started,
            "completed" => Self::Completed,
            "completed_successful" => Self::CompletedSuccessful,
            // The old document has the plural, the old server the singular.
            "completed_with_error" | "completed_with_errors" => Self::CompletedWithError,
            "last_completed" => Self::LastCompleted,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
