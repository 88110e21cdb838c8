//! How good the answers of every allocator would have been on a folder of usage histories.

use std::path::Path;

use allocation::evaluation::{CONTESTANTS, Contestant, Feedback, Protocol, Score, evaluate};
use allocation::{Refs, UsageSample};
use anyhow::Context;
use tallyman::bench::usage_history;

/// Histories of real clusters, which are also scored together.
const REAL: [&str; 5] = ["nf_chipseq", "nf_rnaseq", "nf_iwd", "nf_mag_a", "lotaru_a"];
/// Histories of tasks so small that the usual floor would hide everything.
const SMALL: [&str; 3] = ["wf_blast", "wf_srasearch", "rustc_a"];
const SYNTHETIC: &str = "sim_dev";

pub(crate) fn run(folder: &Path, mut names: Vec<String>) -> anyhow::Result<()> {
    if names.is_empty() {
        names = CONTESTANTS.map(str::to_owned).to_vec();
    }
    let history = read(folder, SYNTHETIC)?;
    real(folder, &names)?;
    for history in SMALL {
        let protocol = Protocol {
            memory_min: 32e6,
            ..Protocol::default()
        };
        table(
            history,
            &contest(&protocol, &read(folder, history)?, &names)?,
        );
    }
    table(SYNTHETIC, &contest(&Protocol::default(), &history, &names)?);
    robustness(&history, &names)
}

fn real(folder: &Path, names: &[String]) -> anyhow::Result<()> {
    let mut pooled: Vec<Score> = vec![Score::default(); names.len()];
    for history in REAL {
        let contestants = contest(&Protocol::default(), &read(folder, history)?, names)?;
        table(history, &contestants);
        for (pooled, contestant) in pooled.iter_mut().zip(&contestants) {
            pooled.add(&contestant.total);
        }
    }
    println!("\npooled real");
    for (name, score) in names.iter().zip(&pooled) {
        line(name, score);
    }
    Ok(())
}

fn robustness(history: &[UsageSample], names: &[String]) -> anyhow::Result<()> {
    let usual = Protocol::default();
    let delayed = Protocol {
        feedback: Feedback::AtEnd,
        ..usual.clone()
    };
    let develop = Protocol {
        refs: Refs::default(),
        ..usual.clone()
    };
    let jobless = Protocol {
        build_jobs_known: false,
        ..usual
    };
    let all = Protocol {
        feedback: Feedback::AtEnd,
        build_jobs_known: false,
        ..develop.clone()
    };
    for (what, protocol) in [
        ("sim_dev, delayed feedback", delayed),
        ("sim_dev, develop only", develop),
        ("sim_dev, build jobs unknown", jobless),
        ("sim_dev, all three", all),
    ] {
        table(what, &contest(&protocol, history, names)?);
    }
    Ok(())
}

fn read(folder: &Path, history: &str) -> anyhow::Result<Vec<UsageSample>> {
    usage_history(&folder.join(format!("{history}.csv.zst")))
}

fn contest(
    protocol: &Protocol,
    history: &[UsageSample],
    names: &[String],
) -> anyhow::Result<Vec<Contestant>> {
    let named = |name: &String| {
        Contestant::named(name, protocol)
            .with_context(|| format!("no allocator is called `{name}`: {CONTESTANTS:?}"))
    };
    let mut contestants: Vec<_> = names.iter().map(named).collect::<anyhow::Result<_>>()?;
    evaluate(protocol, history.iter().cloned(), &mut contestants);
    Ok(contestants)
}

fn table(what: &str, contestants: &[Contestant]) {
    println!("\n{what}");
    for contestant in contestants {
        line(&contestant.name, &contestant.total);
    }
}

fn line(name: &str, score: &Score) {
    println!(
        "{name:15} W/U {:6.3}  fail {:5.2} %  attempts {:.3}  MAQ {:.3}  CPU use {:.3} throttled {:.3} \
         cost {:.3}",
        score.waste_per_use(),
        100.0 * score.failed_share(),
        score.attempts_per_job(),
        score.memory_utilisation(),
        score.cpu.utilisation(),
        score.cpu.throttled_share(),
        score.cpu.cost(),
    );
}
