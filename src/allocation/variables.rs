//! An allocation as CI generators take it: variables of a job.

use std::fmt::Write;

use crate::{Answer, Millicores};

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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::gantry::GantryReason;
    use crate::{Megabytes, Reason};

    use super::*;

    /// Requests alone, in cores, unless an operator chose otherwise.
    #[test]
    fn an_operator_chooses_the_form_of_cpu_and_which_variables_there_are() {
        let answer = Answer {
            cpu: Millicores(11_779),
            memory: Megabytes(9_577),
            cpu_limit: Some(Millicores(16_000)),
            memory_limit: Some(Megabytes(12_000)),
            build_jobs: Some(12),
            reason: Reason::Gantry(GantryReason {
                matched: None,
                seen: 0,
                raised_to: None,
                sample: Vec::new(),
            }),
        };
        let silent = Answer {
            cpu_limit: None,
            memory_limit: None,
            build_jobs: None,
            ..answer.clone()
        };
        let requests =
            |cpu| json!({"KUBERNETES_CPU_REQUEST": cpu, "KUBERNETES_MEMORY_REQUEST": "9577M"});
        let with = |mut variables: Value, more: Value| {
            let all = variables.as_object_mut().unwrap();
            all.extend(more.as_object().unwrap().clone());
            variables
        };
        let chosen = |cpu_format, limits, build_jobs| Variables {
            cpu_format,
            limits,
            build_jobs,
        };
        let (cores, millicores) = (CpuFormat::Cores, CpuFormat::Millicores);
        let limits = json!({"KUBERNETES_CPU_LIMIT": "16", "KUBERNETES_MEMORY_LIMIT": "12000M"});
        let of_millicores =
            json!({"KUBERNETES_CPU_LIMIT": "16000m", "KUBERNETES_MEMORY_LIMIT": "12000M"});
        let jobs = json!({"SPACK_BUILD_JOBS": "12"});
        for (variables, answer, expected) in [
            (Variables::default(), &answer, requests("11.779")),
            (
                chosen(millicores, false, false),
                &answer,
                requests("11779m"),
            ),
            (
                chosen(cores, true, false),
                &answer,
                with(requests("11.779"), limits),
            ),
            (
                chosen(cores, false, true),
                &answer,
                with(requests("11.779"), jobs),
            ),
            (
                chosen(millicores, true, false),
                &answer,
                with(requests("11779m"), of_millicores),
            ),
            // A strategy without an opinion sets no variable.
            (chosen(cores, true, true), &silent, requests("11.779")),
        ] {
            let reply: Value = serde_json::from_str(&variables.to_json(answer)).unwrap();
            assert_eq!(reply, json!({"variables": expected}), "{variables:?}");
        }
    }
}
