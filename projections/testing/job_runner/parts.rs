//! Events about one thing each, with what a test says of it.

use super::*;

pub(crate) fn created_group(number: u64) -> GroupEvent {
    GroupEvent::Created(group::Created {
        number,
        name: format!("group {number}"),
        at: at(0),
    })
}

pub(crate) fn password(number: u64) -> PasswordHash {
    let text = format!("$argon2id$v=19$m=1,t=1,p=1$saltsalt$digestdigest{number:04}");
    PasswordHash::new(text).unwrap()
}

pub(crate) fn created_user(number: u64, groups: impl Into<BTreeSet<u64>>) -> UserEvent {
    UserEvent::Created(user::Created {
        number,
        name: format!("user {number}"),
        password: password(number),
        is_superuser: false,
        is_enabled: true,
        groups: groups.into(),
        at: at(0),
    })
}

pub(crate) fn created_project(
    number: u64,
    worker_pools: impl Into<BTreeSet<u64>>,
    viewers: impl Into<BTreeSet<u64>>,
) -> ProjectEvent {
    ProjectEvent::Created(project::Created {
        number,
        title: format!("project {number}"),
        description: "what it is for".to_owned(),
        notification_addresses: "project@example.com".to_owned(),
        enqueue_is_enabled: true,
        worker_pools: worker_pools.into(),
        viewers: viewers.into(),
        admins: BTreeSet::new(),
        at: at(0),
    })
}

pub(crate) fn created_pool(number: u64, workers: impl Into<BTreeSet<u64>>) -> WorkerPoolEvent {
    WorkerPoolEvent::Created(worker_pool::Created {
        number,
        title: format!("pool {number}"),
        description: String::new(),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        workers: workers.into(),
        at: at(0),
    })
}

pub(crate) fn registered_worker(number: u64) -> WorkerEvent {
    WorkerEvent::Registered(worker::Registered {
        number,
        title: format!("worker {number}"),
        description: String::new(),
        api_key: format!("key{number}"),
        secret: Sealed::new(format!("sealed:{number:032}")).unwrap(),
        enqueue_is_enabled: true,
        at: at(0),
    })
}

pub(crate) fn reported(second: i64, version: Option<String>) -> WorkerEvent {
    WorkerEvent::Reported(worker::Reported {
        ping_response_at: Some(Some(at(second))),
        worker_version: Some(version),
        concurrent_jobs: None,
        at: at(second),
    })
}

pub(crate) fn created_template(number: u64, project: u64) -> JobTemplateEvent {
    JobTemplateEvent::Created(job_template::Created {
        number,
        title: format!("template {number}"),
        description: String::new(),
        project,
        body: LongText::Inline("#!/bin/sh\n{{ content|safe }}\n".to_owned()),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        at: at(0),
    })
}

pub(crate) fn job(number: u64, job_template: u64, worker_pool: u64) -> job::Created {
    job::Created {
        title: format!("job {number}"),
        job_template,
        worker_pool,
        script: LongText::Inline("echo hello".to_owned()),
        ..job::Created::blank(number, at(0))
    }
}

pub(crate) fn created_job(
    number: u64,
    job_template: u64,
    worker_pool: u64,
    parent: Option<u64>,
) -> JobEvent {
    JobEvent::Created(job::Created {
        parent,
        ..job(number, job_template, worker_pool)
    })
}

pub(crate) fn counted(run: u64, schedule_id: u64) -> JobEvent {
    JobEvent::RunCounted(RunCounted {
        run,
        schedule_id,
        success: Some(false),
        fails: 2,
        too_many: false,
        at: at(0),
    })
}

pub(crate) fn schedule(number: u64, job: u64, second: i64) -> Scheduled {
    Scheduled {
        number,
        job,
        schedule_id: number,
        schedule_at: at(second),
        worker: None,
        is_manual: false,
        schedule_children: true,
        origin: Origin::Asked,
        at: at(second),
    }
}

pub(crate) fn scheduled(number: u64, job: u64, second: i64) -> RunEvent {
    RunEvent::Scheduled(schedule(number, job, second))
}

pub(crate) fn claimed(worker: u64, second: i64) -> RunEvent {
    RunEvent::Claimed(run::Claimed {
        worker,
        enqueued_at: at(second),
        taken_from: None,
        at: at(second),
    })
}

pub(crate) fn started(second: i64) -> RunEvent {
    RunEvent::Started(run::Started {
        started_at: at(second),
        at: at(second),
    })
}

pub(crate) fn returned(second: i64, success: Option<bool>) -> RunEvent {
    RunEvent::Returned(run::Returned {
        returned_at: at(second),
        success,
        at: at(second),
    })
}

pub(crate) fn asked_to_kill(number: u64, run: u64, second: i64) -> KillRequestEvent {
    KillRequestEvent::Requested(kill_request::Requested {
        number,
        run,
        reason: None,
        at: at(second),
    })
}

pub(crate) fn written(number: u64, run: u64, content: &str) -> RunLogEvent {
    RunLogEvent::Written(run_log::Written {
        number,
        run,
        content: Some(LongText::Inline(content.to_owned())),
        at: at(0),
    })
}
