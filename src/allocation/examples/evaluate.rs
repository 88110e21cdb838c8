//! Prints how good the answers of every allocator would have been on a folder of usage histories.
//!
//! `cargo run --release -p allocation --example evaluate -- FOLDER [NAME-OF-CONTESTANT…]`

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use allocation::evaluation::{CONTESTANTS, Contestant, Feedback, Protocol, Score, evaluate};
use allocation::ladder::{Learning, Policy};
use allocation::{Ladder, Refs, UsageSample};

#[path = "../testdata/reader.rs"]
mod reader;

/// Histories of real clusters, which are also scored together.
const REAL: [&str; 5] = ["nf_chipseq", "nf_rnaseq", "nf_iwd", "nf_mag_a", "lotaru_a"];
/// Histories of tasks so small that the usual floor would hide everything.
const SMALL: [&str; 3] = ["wf_blast", "wf_srasearch", "rustc_a"];
const SYNTHETIC: &str = "sim_dev";

fn main() {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder of histories"));
    let mut names: Vec<String> = arguments.collect();
    if names.is_empty() {
        names = CONTESTANTS.map(str::to_owned).to_vec();
    }
    let history = read(&folder, SYNTHETIC);
    // Before anything is let go whose memory could be used again.
    speed(&history);
    real(&folder, &names);
    for history in SMALL {
        let protocol = Protocol {
            memory_min: 32e6,
            ..Protocol::default()
        };
        table(history, &run(&protocol, &read(&folder, history), &names));
    }
    table(SYNTHETIC, &run(&Protocol::default(), &history, &names));
    robustness(&history, &names);
}

fn real(folder: &Path, names: &[String]) {
    let mut pooled: Vec<Score> = vec![Score::default(); names.len()];
    for history in REAL {
        let contestants = run(&Protocol::default(), &read(folder, history), names);
        table(history, &contestants);
        for (pooled, contestant) in pooled.iter_mut().zip(&contestants) {
            pooled.add(&contestant.total);
        }
    }
    println!("\npooled real");
    for (name, score) in names.iter().zip(&pooled) {
        line(name, score);
    }
}

fn robustness(history: &[UsageSample], names: &[String]) {
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
        table(what, &run(&protocol, history, names));
    }
}

/// Measures the ladder alone: answers, learning, state.
fn speed(history: &[UsageSample]) {
    let learning = Learning {
        refs: Refs::All,
        ..Learning::default()
    };
    let replay = || {
        let mut ladder = Ladder::new(learning.clone(), Policy::STD);
        let (mut answers, mut learns) = (Vec::new(), Vec::new());
        let start = Instant::now();
        for sample in history {
            let asked = Instant::now();
            let answer = ladder.answer(&sample.spec, sample.build_jobs);
            answers.push(asked.elapsed());
            std::hint::black_box(answer);
            let data = Instant::now();
            let _ = ladder.learn(sample);
            learns.push(data.elapsed());
        }
        (ladder, answers, learns, start.elapsed())
    };
    let before = resident_kilobytes();
    let (ladder, answers, learns, took) = replay();
    let after = resident_kilobytes();
    println!(
        "\nladder on {} builds: replay with answers {took:.2?}",
        history.len()
    );
    for (what, mut times) in [("answer", answers), ("learn", learns)] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let mean = times.iter().sum::<Duration>() / times.len() as u32;
        println!(
            "{what}: mean {mean:.1?} p50 {:.1?} p99 {:.1?}",
            at(0.5),
            at(0.99)
        );
    }
    let snapshot = ladder.snapshot();
    println!(
        "nodes {} packages {} snapshot {:.2} MB, equal after a second replay: {}",
        ladder.nodes(),
        ladder.packages(),
        snapshot.len() as f64 / 1e6,
        replay().0.snapshot() == snapshot
    );
    if let (Some(before), Some(after)) = (before, after) {
        println!(
            "resident: {:.0} MB more than before, {:.0} MB with the history",
            (after - before) / 1e3,
            after / 1e3
        );
    }
}

fn resident_kilobytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn read(folder: &Path, history: &str) -> Vec<UsageSample> {
    reader::samples(&folder.join(format!("{history}.csv.zst")))
}

fn run(protocol: &Protocol, history: &[UsageSample], names: &[String]) -> Vec<Contestant> {
    let named = |name: &String| Contestant::named(name, protocol).expect("a known contestant");
    let mut contestants: Vec<_> = names.iter().map(named).collect();
    evaluate(protocol, history.iter().cloned(), &mut contestants);
    contestants
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
