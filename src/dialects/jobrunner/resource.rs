//! What there is, and what may be done with it.

use http::Method;

/// One kind of thing that the API shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Group,
    Project,
    WorkerPool,
    Worker,
    JobTemplate,
    Job,
    Run,
    KillRequest,
    RunLog,
}

impl Resource {
    pub(crate) const ALL: [Self; 9] = [
        Self::Group,
        Self::Project,
        Self::WorkerPool,
        Self::Worker,
        Self::JobTemplate,
        Self::Job,
        Self::Run,
        Self::KillRequest,
        Self::RunLog,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Project => "project",
            Self::WorkerPool => "worker_pool",
            Self::Worker => "worker",
            Self::JobTemplate => "job_template",
            Self::Job => "job",
            Self::Run => "run",
            Self::KillRequest => "kill_request",
            Self::RunLog => "run_log",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|resource| resource.name() == name)
    }

    /// What may be done with its list.
    pub(crate) fn list_methods(self) -> &'static [Method] {
        match self {
            Self::Job | Self::Run | Self::KillRequest | Self::RunLog => {
                &[Method::GET, Method::POST]
            }
            Self::Group | Self::Project | Self::WorkerPool | Self::Worker | Self::JobTemplate => {
                &[Method::GET]
            }
        }
    }

    /// What may be done with one of it.
    pub(crate) fn detail_methods(self) -> &'static [Method] {
        match self {
            Self::Job => &[Method::GET, Method::PUT, Method::PATCH],
            Self::Worker | Self::Run | Self::KillRequest | Self::RunLog => {
                &[Method::GET, Method::PATCH]
            }
            Self::Group | Self::Project | Self::WorkerPool | Self::JobTemplate => &[Method::GET],
        }
    }

    pub(crate) fn uri(self, number: u64) -> String {
        format!("/api/v1/{}/{number}/", self.name())
    }

    /// The number of the thing at a place that a body names. Only the form that the API itself
    /// writes is understood: absolute addresses, bare numbers and missing slashes are not.
    pub(crate) fn number_in(self, uri: &str) -> Option<u64> {
        let number = uri
            .strip_prefix("/api/v1/")?
            .strip_prefix(self.name())?
            .strip_prefix('/')?
            .strip_suffix('/')?;
        number_of(number)
    }
}

/// A number in a path. Numbers begin with 1 and have no sign.
pub(crate) fn number_of(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.then(|| text.parse().ok())??;
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_the_path_and_nothing_else() {
        for (uri, expected) in [
            ("/api/v1/job/7/", Some(7)),
            ("/api/v1/job/007/", Some(7)),
            ("/api/v1/job/7", None),
            ("api/v1/job/7/", None),
            ("7", None),
            ("", None),
            ("http://farm.example/api/v1/job/7/", None),
            ("/api/v1/worker/7/", None),
            ("/api/v1/job_template/7/", None),
            ("/api/v1/job/0/", None),
            ("/api/v1/job/-7/", None),
            ("/api/v1/job/+7/", None),
            ("/api/v1/job/7/7/", None),
            ("/api/v1/job//", None),
            ("/api/v1/job/ 7/", None),
            ("/api/v1/job/99999999999999999999/", None),
        ] {
            assert_eq!(Resource::Job.number_in(uri), expected, "{uri:?}");
        }
    }

    #[test]
    fn every_resource_reads_the_places_it_writes() {
        for resource in Resource::ALL {
            assert_eq!(resource.number_in(&resource.uri(42)), Some(42));
            assert_eq!(Resource::named(resource.name()), Some(resource));
        }
        assert_eq!(Resource::named("worker-pool"), None);
    }
}
