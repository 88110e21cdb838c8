//! The farm of the contract's examples, and a second one next to it that its worker must not see.

use commands::{names, numbers};
use domain::core::group::{Group, GroupCommand};
use domain::core::user::{User, UserCommand};
use domain::jobs::job::{Job, JobCommand};
use domain::jobs::job_template::{JobTemplate, JobTemplateCommand};
use domain::jobs::project::{Project, ProjectCommand};
use domain::jobs::schedule::IntervalUnit;
use domain::jobs::worker::{Worker, WorkerCommand};
use domain::jobs::worker_pool::{WorkerPool, WorkerPoolCommand};
use domain::{LongText, PasswordHash};

use super::*;

fn at() -> Timestamp {
    NOW.parse().unwrap()
}

impl TestApp {
    /// Group, project, pool, worker and template 1 with jobs 1, 2 and 3, of which 3 comes after 1;
    /// and the same with number 2, where job 4 is. `viewer` and `admin` belong to group 1,
    /// `stranger` to group 2, `loner` to none.
    pub(super) async fn set_up_farm(&self) {
        for number in [1, 2] {
            self.set_up(number).await;
        }
        // Groups 1 and 2 see projects 1 and 2; group 3 changes project 1, and sees it because group
        // 1 does.
        let name = "Group 3".to_owned();
        let created = domain::core::group::Created {
            number: 3,
            name,
            at: at(),
        };
        self.tell::<Group>(3, GroupCommand::Create(created)).await;
        for (number, name, groups) in [
            (1, "viewer", vec![1]),
            (2, "admin", vec![1, 3]),
            (3, "stranger", vec![2]),
            (4, "loner", vec![]),
            (5, "outsider", vec![3]),
        ] {
            self.user(number, name, groups).await;
        }
        self.job(job(1, 1, "Test job 1")).await;
        self.job(job(2, 1, "Test job 2")).await;
        let child = domain::jobs::job::Created {
            parent: Some(1),
            ..job(3, 1, "Test job 3")
        };
        self.job(child).await;
        self.job(job(4, 2, "Test job 4")).await;
    }

    async fn set_up(&self, number: u64) {
        let admins = if number == 1 { 3 } else { 2 };
        let group = domain::core::group::Created {
            number,
            name: format!("Group {number}"),
            at: at(),
        };
        self.tell::<Group>(number, GroupCommand::Create(group))
            .await;
        let (api_key, secret) = match number {
            1 => ("worker1", "verysecret"),
            _ => ("worker2", "othersecret"),
        };
        let worker = domain::jobs::worker::Registered {
            number,
            title: format!("Test worker {number}"),
            description: String::new(),
            api_key: api_key.to_owned(),
            secret: self.people.seal.seal(&secret.into()).unwrap(),
            enqueue_is_enabled: true,
            at: at(),
        };
        self.tell::<Worker>(number, WorkerCommand::Register(worker))
            .await;
        let pool = domain::jobs::worker_pool::Created {
            number,
            title: format!("Pool {number}"),
            description: String::new(),
            notification_addresses: "pool@example.com".to_owned(),
            enqueue_is_enabled: true,
            workers: BTreeSet::from([number]),
            at: at(),
        };
        self.tell::<WorkerPool>(number, WorkerPoolCommand::Create(pool))
            .await;
        let project = domain::jobs::project::Created {
            number,
            title: format!("Test project {number}"),
            description: String::new(),
            notification_addresses: "project@example.com".to_owned(),
            enqueue_is_enabled: true,
            worker_pools: BTreeSet::from([number]),
            viewers: BTreeSet::from([number]),
            admins: BTreeSet::from([admins]),
            at: at(),
        };
        self.tell::<Project>(number, ProjectCommand::Create(project))
            .await;
        let template = domain::jobs::job_template::Created {
            number,
            title: format!("Template {number}"),
            description: String::new(),
            project: number,
            body: LongText::Inline("#!/bin/sh\n{{ content|safe }}\n".to_owned()),
            notification_addresses: "template@example.com".to_owned(),
            enqueue_is_enabled: true,
            at: at(),
        };
        self.tell::<JobTemplate>(number, JobTemplateCommand::Create(template))
            .await;
    }

    async fn user(&self, number: u64, name: &str, groups: Vec<u64>) {
        let hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0";
        let user = domain::core::user::Created {
            number,
            name: name.to_owned(),
            password: PasswordHash::new(hash.to_owned()).unwrap(),
            is_superuser: name == "loner",
            is_enabled: true,
            groups: groups.into_iter().collect(),
            at: at(),
        };
        self.tell::<User>(number, UserCommand::Create(user)).await;
    }

    /// Creates a job, with its number and its name as every other interface does.
    pub(super) async fn job(&self, job: domain::jobs::job::Created) {
        let (job, anonymous) = (&job, Metadata::default());
        let made = self.app.commands.transact(&anonymous, |unit| async move {
            numbers::take(&unit, "job").await.unwrap();
            let kind = format!("job:{}", job.job_template);
            names::take(&unit, (&kind, &job.title), job.number)
                .await
                .unwrap();
            unit.execute::<Job>(&job.number.to_string(), JobCommand::Create(job.clone()))
                .await
        });
        let (_, outcome) = made.await.unwrap();
        self.app
            .wait_for(outcome.position().unwrap())
            .await
            .unwrap();
    }
}

pub(super) fn job(number: u64, project: u64, title: &str) -> domain::jobs::job::Created {
    domain::jobs::job::Created {
        title: title.to_owned(),
        job_template: project,
        worker_pool: project,
        script: LongText::Inline("echo hello".to_owned()),
        interval_count: Some(1),
        interval_unit: Some(IntervalUnit::Day),
        notification_addresses: format!("job{number}@example.com"),
        ..domain::jobs::job::Created::blank(number, at())
    }
}
