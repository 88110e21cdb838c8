//! Commands as they might come, from few names and numbers so that they meet each other.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::builds::allocation::{
    Answered, AnswersCommand, ModelEvaluation, ModelTrained, ModelsCommand,
};
use crate::builds::build::{
    BuildCommand, BuiltSpec, CollectionAbandoned, CollectionAttempted, CollectionFailed,
    CollectionFault, CollectionSkipped, OutOfMemory, Reported, ResourceUsage, SkipReason,
    UsageRecorded,
};
use crate::builds::node::{Described, NodeCommand};
use crate::core::audit::{
    AuditCommand, BodyRefused, BodyResubmitted, LoggedIn, LoginRefused, OperationStarted,
    WebhookIgnored, WebhookRejected, WriteRefused,
};
use crate::core::numbers::NumbersCommand;
use crate::core::token::{Issued, Role, TokenCommand};
use crate::{BlobRef, Verbatim};

/// A moment, so many seconds after noon of a day in 2026.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(crate) fn story<C: Clone + std::fmt::Debug>(
    command: impl Strategy<Value = C>,
) -> impl Strategy<Value = Vec<C>> {
    prop::collection::vec(command, 0..40)
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0..6_i64).prop_map(at)
}

/// Numbers as they are measured, and sometimes those that cannot be written.
fn measured() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..1e12,
        4 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ]
}

pub(crate) fn reported(status: &str, delivery: &str) -> Reported {
    Reported {
        source: "default".to_owned(),
        build_id: 7,
        status: status.to_owned(),
        stage: "stage-1".to_owned(),
        name: None,
        git_ref: "develop".to_owned(),
        created_at: None,
        started_at: None,
        finished_at: None,
        runner: None,
        pipeline_id: None,
        project_id: None,
        project: None,
        failure_reason: None,
        retries_count: None,
        instance: None,
        delivery: delivery.to_owned(),
        body: Some(Verbatim::parse("{\"build_id\": 7.0e0}".to_owned()).unwrap()),
        body_blob: None,
        at: at(0),
    }
}

pub(crate) fn spec() -> BuiltSpec {
    BuiltSpec {
        name: "emacs".to_owned(),
        version: "29.2".to_owned(),
        variants: r#"{"json":true}"#.to_owned(),
        compiler_name: "gcc".to_owned(),
        compiler_version: "12.3.0".to_owned(),
        arch: "linux-x86_64_v3".to_owned(),
    }
}

pub(crate) fn used(mean: f64) -> ResourceUsage {
    ResourceUsage {
        request: Some(1.0),
        limit: None,
        mean,
        median: mean,
        max: mean,
        min: mean,
        stddev: 0.5,
    }
}

pub(crate) fn usage(collection: u32, origin: &str) -> UsageRecorded {
    UsageRecorded {
        collection,
        origin: origin.to_owned(),
        pod: "runner-7".to_owned(),
        node: None,
        hostname: None,
        spec: spec(),
        stack: "e4s".to_owned(),
        build_jobs: 16,
        retry_count: 0,
        git_ref: "develop".to_owned(),
        status: "success".to_owned(),
        started_at: at(0),
        finished_at: at(60),
        cpu: used(1.5),
        memory: used(2e9),
        memory_series: 1,
        cpu_series: 1,
        at: at(90),
    }
}

pub(crate) fn skipped(collection: u32) -> CollectionSkipped {
    CollectionSkipped {
        collection,
        reason: SkipReason::Stage,
        detail: "stage test".to_owned(),
        at: at(90),
    }
}

pub(crate) fn attempted(collection: u32, attempt: u32) -> CollectionAttempted {
    CollectionAttempted {
        collection,
        attempt,
        error: "timed out".to_owned(),
        retry_at: at(120),
        at: at(90),
    }
}

pub(crate) fn failed(collection: u32) -> CollectionFailed {
    CollectionFailed {
        collection,
        fault: CollectionFault::PodMissing,
        detail: "no pod".to_owned(),
        at: at(90),
    }
}

pub(crate) fn abandoned(collection: u32) -> CollectionAbandoned {
    CollectionAbandoned {
        collection,
        attempts: 8,
        error: "timed out".to_owned(),
        at: at(90),
    }
}

pub(crate) fn out_of_memory(collection: u32) -> OutOfMemory {
    OutOfMemory {
        collection,
        pod: "runner-7".to_owned(),
        hostname: None,
        spec: spec(),
        stack: "e4s".to_owned(),
        build_jobs: 16,
        retry_count: 0,
        git_ref: "develop".to_owned(),
        started_at: at(0),
        finished_at: at(60),
        memory_request: Some(1e9),
        memory_limit: 2e9,
        memory_peak: None,
        evidence: "exit_code".to_owned(),
        at: at(90),
    }
}

pub(crate) fn build_command() -> impl Strategy<Value = BuildCommand> {
    use BuildCommand as C;

    let status = prop::sample::select(vec!["created", "running", "success", "failed", "odd"]);
    let instance = prop::option::of(prop::sample::select(vec!["https://a", "https://b"]));
    let report = (status, 0..5_u8, instance).prop_map(|(status, delivery, instance)| {
        C::Report(Reported {
            instance: instance.map(str::to_owned),
            ..reported(status, &format!("delivery {delivery}"))
        })
    });
    let origin = prop::sample::select(vec!["prometheus", "import:gantry"]);
    let usage =
        (0..5_u32, origin, measured(), measured()).prop_map(|(number, origin, cpu, memory)| {
            C::RecordUsage(UsageRecorded {
                cpu: used(cpu),
                memory: used(memory),
                ..usage(number, origin)
            })
        });
    let killed = (0..5_u32, measured()).prop_map(|(number, memory_limit)| {
        C::RecordOutOfMemory(OutOfMemory {
            memory_limit,
            ..out_of_memory(number)
        })
    });
    prop_oneof![
        4 => report,
        2 => usage,
        2 => (0..5_u32).prop_map(|number| C::SkipCollection(skipped(number))),
        2 => (0..5_u32, 0..4_u32).prop_map(|(number, n)| C::AttemptCollection(attempted(number, n))),
        2 => (0..5_u32).prop_map(|number| C::FailCollection(failed(number))),
        2 => (0..5_u32).prop_map(|number| C::AbandonCollection(abandoned(number))),
        3 => moment().prop_map(|at| C::RequeueCollection { at }),
        2 => killed,
    ]
}

pub(crate) fn described(hostname: &str, second: i64) -> Described {
    Described {
        uuid: "4c4c4544".to_owned(),
        hostname: hostname.to_owned(),
        cores: 64.0,
        memory: 256e9,
        arch: "amd64".to_owned(),
        os: "linux".to_owned(),
        instance_type: "m6i".to_owned(),
        at: at(second),
    }
}

pub(crate) fn node_command() -> impl Strategy<Value = NodeCommand> {
    let cores = prop_oneof![Just(64.0), measured()];
    (prop::sample::select(vec!["a", "b"]), 0..6_i64, cores).prop_map(|(hostname, second, cores)| {
        NodeCommand::Describe(Described {
            cores,
            ..described(hostname, second)
        })
    })
}

pub(crate) fn issued(name: &str) -> Issued {
    Issued {
        name: name.to_owned(),
        hash: "0123456789abcdef".repeat(4),
        role: Role::Operator,
        scopes: vec!["builds:write".to_owned()],
        expires_at: None,
        at: at(0),
    }
}

pub(crate) fn token_command() -> impl Strategy<Value = TokenCommand> {
    prop_oneof![
        prop::sample::select(vec!["a", "b"]).prop_map(|name| TokenCommand::Issue(issued(name))),
        "[0-9a-fA-Fx]{62,66}".prop_map(|hash| TokenCommand::Issue(Issued {
            hash,
            ..issued("c")
        })),
        moment().prop_map(|at| TokenCommand::Revoke { at }),
    ]
}

pub(crate) fn body_refused(error: &str, second: i64) -> BodyRefused {
    BodyRefused {
        dialect: "gantry".to_owned(),
        source: "default".to_owned(),
        errors: vec![error.to_owned()],
        body: BlobRef {
            digest: "0123456789abcdef".repeat(4),
            size: 9,
        },
        headers: vec![("x-gitlab-event".to_owned(), "Job Hook".to_owned())],
        at: at(second),
    }
}

pub(crate) fn body_resubmitted(accepted: bool, second: i64) -> BodyResubmitted {
    BodyResubmitted {
        accepted,
        errors: vec![],
        at: at(second),
    }
}

/// Commands about one refused body.
pub(crate) fn body_command() -> impl Strategy<Value = AuditCommand> {
    let error = prop::sample::select(vec!["no ref", "no stage"]);
    prop_oneof![
        2 => (error, 0..6_i64).prop_map(|(error, s)| AuditCommand::RefuseBody(body_refused(error, s))),
        1 => (any::<bool>(), 0..6_i64)
            .prop_map(|(accepted, s)| AuditCommand::ResubmitBody(body_resubmitted(accepted, s))),
    ]
}

/// Commands about anything else, which are recorded every time.
pub(crate) fn note() -> impl Strategy<Value = AuditCommand> {
    let (dialect, source) = ("gantry".to_owned(), "default".to_owned());
    let text = || "[ -~]{0,20}";
    prop_oneof![
        (text(), any::<u64>(), moment()).prop_map({
            let dialect = dialect.clone();
            move |(reason, unwritten, at)| {
                let dialect = dialect.clone();
                AuditCommand::RejectWebhook(WebhookRejected {
                    dialect,
                    reason,
                    unwritten,
                    at,
                })
            }
        }),
        (text(), any::<u64>(), moment()).prop_map(move |(kind, unwritten, at)| {
            let (dialect, source) = (dialect.clone(), source.clone());
            AuditCommand::IgnoreWebhook(WebhookIgnored {
                dialect,
                source,
                kind,
                unwritten,
                at,
            })
        }),
        (text(), any::<u16>(), moment()).prop_map(|(path, status, at)| {
            let (method, reason, unwritten) = ("POST".to_owned(), "no role".to_owned(), 0);
            AuditCommand::RefuseWrite(WriteRefused {
                method,
                path,
                status,
                reason,
                unwritten,
                at,
            })
        }),
        (text(), moment()).prop_map(|(subject, at)| {
            let (operation, kind) = ("op-1".to_owned(), "rebuild".to_owned());
            AuditCommand::StartOperation(OperationStarted {
                operation,
                kind,
                subject,
                at,
            })
        }),
        (1..5_u64, moment()).prop_map(|(user, at)| AuditCommand::LogIn(LoggedIn { user, at })),
        (prop::option::of(1..5_u64), moment()).prop_map(|(user, at)| {
            let unwritten = 0;
            AuditCommand::RefuseLogin(LoginRefused {
                user,
                unwritten,
                at,
            })
        }),
    ]
}

pub(crate) fn answers_command() -> impl Strategy<Value = AnswersCommand> {
    (measured(), measured(), any::<u64>(), moment()).prop_map(|(cpu, memory, learnt_to, at)| {
        AnswersCommand::Record(Answered {
            spec: "emacs@29.2 +json arch=x%gcc@12".to_owned(),
            strategy: "gantry".to_owned(),
            model: (learnt_to % 3 == 0).then(|| "a".to_owned()),
            shadow: learnt_to % 2 == 0,
            cpu_request: cpu,
            memory_request: memory,
            memory_limit: (learnt_to % 5 == 0).then_some(4e9),
            level: "exact".to_owned(),
            learnt_to,
            at,
        })
    })
}

pub(crate) fn model_trained(model: &str) -> ModelTrained {
    let evaluation = ModelEvaluation {
        builds: 7,
        killed: 1,
        used_gb_hours: 3.5,
        wasted_gb_hours: 1.25,
        requested_core_hours: 8.0,
        used_core_hours: 6.0,
        throttled_core_hours: 0.5,
    };
    ModelTrained {
        model: model.to_owned(),
        strategy: "ladder".to_owned(),
        parameters: Verbatim::parse(r#"{"settings":{"strategy":"ladder"},"after":0}"#.to_owned())
            .unwrap(),
        position: 40,
        learnt: 20,
        flawed: 0,
        digest: "0123456789abcdef".repeat(4),
        evaluation,
        incumbent: evaluation,
        at: at(0),
    }
}

pub(crate) fn models_command() -> impl Strategy<Value = ModelsCommand> {
    use ModelsCommand as C;

    let model = || prop::sample::select(vec!["a", "b", "c"]);
    let trained = (model(), measured()).prop_map(|(model, wasted_gb_hours)| {
        let mut data = model_trained(model);
        data.evaluation.wasted_gb_hours = wasted_gb_hours;
        C::Register(Box::new(data))
    });
    prop_oneof![
        2 => trained,
        3 => (model(), moment()).prop_map(|(model, at)| C::Promote { model: model.to_owned(), at }),
        1 => moment().prop_map(|at| C::RollBack { at }),
    ]
}

pub(crate) fn numbers_command() -> impl Strategy<Value = NumbersCommand> {
    let count = prop_oneof![8 => 0..5_u64, 1 => any::<u64>(), 1 => 999_999..1_000_002_u64];
    (count, moment()).prop_map(|(count, at)| NumbersCommand::Take { count, at })
}
