//! Allocations over HTTP, at two lengths of history.

use std::sync::Arc;
use std::time::Duration;

use tallyman::bench::{self, Folder, Served, fill_with_sample, line, load, one_thread, resident};

use crate::AS_TALLYMAN;

/// What a Gantry answers in a second with 20 thousand builds of history, on two cores.
const GANTRY_PER_SECOND: f64 = 780.0;

/// The number of different requests.
const QUESTIONS: u64 = 500;

pub(crate) fn run(lengths: &[u64], connections: usize, seconds: u64) -> anyhow::Result<()> {
    let mut rates: Vec<f64> = Vec::new();
    for &builds in lengths {
        let folder = Folder::create()?;
        let data = folder.path().join("data");
        fill_with_sample(&data, builds)?;
        let served = Served::start(&[AS_TALLYMAN], &data)?;
        let questions = bench::builds(7, QUESTIONS).map(|build| question(&build.spec));
        let questions: Arc<Vec<Vec<u8>>> = Arc::new(questions.collect::<anyhow::Result<_>>()?);
        let runtime = one_thread()?;
        let measured = runtime.block_on(load(
            served.address,
            connections,
            Duration::from_secs(seconds),
            move |n| questions[(n % QUESTIONS) as usize].clone(),
        ))?;
        let first = rates.first().copied();
        rates.push(measured.rate);
        line(
            &format!("GET /v1/allocation, {builds} builds"),
            &format!("{:.0}/s", measured.rate),
            &format!(
                "{:.1} × Gantry's 0.78 k/s at 20 k builds",
                measured.rate / GANTRY_PER_SECOND
            ),
        );
        if let Some(first) = first {
            let ratio = first / measured.rate;
            line(
                "  cost against the first length",
                &format!("{ratio:.2}"),
                "at most 1.2 is wanted",
            );
        }
        line(
            "  p50 / p99",
            &format!(
                "{:.2} / {:.2} ms",
                measured.milliseconds(0.5),
                measured.milliseconds(0.99)
            ),
            "",
        );
        line("  answered otherwise", &measured.refused.to_string(), "");
        line(
            "  ready after",
            &format!("{:.2} s", served.ready_after.as_secs_f64()),
            "first start: all views are built",
        );
        if let Some(bytes) = resident(served.pid()) {
            line(
                "  resident",
                &format!("{:.0} MB", bytes as f64 / 1e6),
                "at most 150 MB is wanted",
            );
        }
        served.kill()?;
    }
    Ok(())
}

fn question(spec: &str) -> anyhow::Result<Vec<u8>> {
    let url = reqwest::Url::parse_with_params("http://bench/v1/allocation", [("spec", spec)])?;
    let query = url.query().unwrap_or_default();
    Ok(format!("GET /v1/allocation?{query} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes())
}
