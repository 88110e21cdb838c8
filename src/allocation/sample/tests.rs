use super::*;

#[test]
fn a_build_that_was_measured_is_taken() {
    assert_eq!(measured().check(), Ok(()));
    let mut killed = measured();
    killed.ending = Ending::OutOfMemory {
        limit: 2e9,
        imported: false,
    };
    assert_eq!(killed.check(), Ok(()));
}

/// One row per flaw: the field that the reason must name, and what makes it wrong.
#[test]
fn what_no_build_can_have_used_is_refused_by_name() {
    type Spoil = fn(&mut UsageSample, f64);
    let fields: [(&str, Spoil); 6] = [
        ("cpu.mean", |sample, value| cpu(sample).mean = value),
        ("cpu.max", |sample, value| cpu(sample).max = value),
        ("memory.mean", |sample, value| memory(sample).mean = value),
        ("memory.max", |sample, value| memory(sample).max = value),
        ("seconds", |sample, value| sample.seconds = value),
        ("killed at limit", |sample, limit| {
            sample.ending = Ending::OutOfMemory {
                limit,
                imported: false,
            };
        }),
    ];
    for (field, spoil) in fields {
        for value in [
            0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            -f64::INFINITY,
            1e300,
            1e-320,
        ] {
            let mut sample = measured();
            spoil(&mut sample, value);
            let reason = sample.check().expect_err(field).to_string();
            assert!(reason.starts_with(field), "{field} = {value}: {reason}");
        }
    }
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let mut sample = measured();
        sample.ended_at = Some(value);
        assert!(sample.check().is_err(), "ended_at = {value}");
        let mut sample = measured();
        memory(&mut sample).stddev = Some(value);
        assert!(sample.check().is_err(), "stddev = {value}");
    }
}

#[test]
fn a_build_of_nothing_or_of_too_much_text_is_refused() {
    let mut nameless = measured();
    nameless.spec.name.clear();
    assert_eq!(nameless.check(), Err(SampleFlaw::NoName));
    let mut long = measured();
    long.spec.version = "1".repeat(70_000);
    assert!(matches!(long.check(), Err(SampleFlaw::SpecTooLong { .. })));
    let mut no_jobs = measured();
    no_jobs.build_jobs = Some(0);
    assert!(no_jobs.check().is_err());
}

#[test]
fn a_sample_survives_json() {
    let sample = measured();
    let json = serde_json::to_string(&sample).unwrap();
    assert_eq!(serde_json::from_str::<UsageSample>(&json).unwrap(), sample);
}

fn measured() -> UsageSample {
    UsageSample {
        position: 7,
        spec: "emacs@29.2 +json arch=x86_64%gcc@12.3.0".parse().unwrap(),
        git_ref: "develop".into(),
        build_jobs: Some(16),
        ended_at: Some(1_706_117_064.5),
        seconds: 93.0,
        ending: Ending::Success {
            cpu: Usage {
                mean: 1.5,
                max: 4.0,
                ..Usage::default()
            },
            memory: Usage {
                request: Some(0.0),
                mean: 4e8,
                max: 1e9,
                min: Some(0.0),
                ..Usage::default()
            },
        },
    }
}

fn cpu(sample: &mut UsageSample) -> &mut Usage {
    match &mut sample.ending {
        Ending::Success { cpu, .. } => cpu,
        Ending::OutOfMemory { .. } => panic!("a measured build has usage"),
    }
}

fn memory(sample: &mut UsageSample) -> &mut Usage {
    match &mut sample.ending {
        Ending::Success { memory, .. } => memory,
        Ending::OutOfMemory { .. } => panic!("a measured build has usage"),
    }
}
