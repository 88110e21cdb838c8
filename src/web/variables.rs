//! An allocation as CI generators take it: variables of a job.

use std::fmt::Write;

use allocation::{Answer, Millicores};

/// How CPU is written in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CpuFormat {
    /// `11.779`, as the API has always promised.
    #[default]
    Cores,
    /// `11779m`, as the deployed Gantry sends.
    Millicores,
}

/// Which variables an answer has, and how they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// How CPU is written.
    pub cpu_format: CpuFormat,
    /// Whether there are limits as well, where the strategy has an opinion about them.
    pub limits: bool,
    /// Whether there is `SPACK_BUILD_JOBS` as well, where the strategy has an opinion about it.
    pub build_jobs: bool,
}

impl Variables {
    /// The variables by name, in the order in which they are sent.
    pub fn of(self, answer: &Answer) -> impl Iterator<Item = (&'static str, String)> {
        let cpu = move |cpu: Millicores| match self.cpu_format {
            CpuFormat::Cores => cpu.to_cores_text(),
            CpuFormat::Millicores => cpu.to_millicores_text(),
        };
        let cpu_limit = answer.cpu_limit.filter(|_| self.limits);
        let memory_limit = answer.memory_limit.filter(|_| self.limits);
        let build_jobs = answer.build_jobs.filter(|_| self.build_jobs);
        [
            ("KUBERNETES_CPU_REQUEST", Some(cpu(answer.cpu))),
            ("KUBERNETES_MEMORY_REQUEST", Some(answer.memory.to_string())),
            ("KUBERNETES_CPU_LIMIT", cpu_limit.map(cpu)),
            (
                "KUBERNETES_MEMORY_LIMIT",
                memory_limit.map(|limit| limit.to_string()),
            ),
            ("SPACK_BUILD_JOBS", build_jobs.map(|jobs| jobs.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// `{"variables": {…}}`, written by hand: every value is a number or a quantity of digits.
    #[must_use]
    pub fn to_json(self, answer: &Answer) -> String {
        let mut json = String::with_capacity(128);
        json.push_str("{\"variables\":{");
        for (number, (name, value)) in self.of(answer).enumerate() {
            let comma = if number == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(json, "{comma}\"{name}\":\"{value}\"");
        }
        json.push_str("}}");
        json
    }
}
