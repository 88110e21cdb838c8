//! By what a delivery is known when it comes again, and whose numbers it speaks of.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::{Hook, Text};

/// The longest key that is kept as it came, in bytes. GitLab's are UUIDs.
const KEY_BYTES_MAX: usize = 128;

/// The longest address of an instance that is read.
const INSTANCE_BYTES_MAX: usize = 512;

/// The name of a delivery: GitLab's own where there is one, else what makes it this delivery and no
/// other.
pub(crate) fn name(headers: &HeaderMap, hook: &Hook<'_>, instance: Option<&str>) -> String {
    match idempotency_key(headers) {
        Some(key) => format!("key:{key}"),
        None => format!("seen:{}", fingerprint(hook, instance)),
    }
}

/// The header in which GitLab names a delivery.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The headers of a delivery whose signature was verified: its id is the signed one. Otherwise
/// a recorded delivery could be replayed under another id, which is not signed.
pub(crate) fn named_by_signature(headers: &HeaderMap, signed_id: &str) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(IDEMPOTENCY_KEY);
    if let Ok(id) = HeaderValue::from_str(signed_id) {
        headers.insert(IDEMPOTENCY_KEY, id);
    }
    headers
}

/// GitLab's name for the delivery. One that is too long or not text still names it, by its digest.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(IDEMPOTENCY_KEY)?;
    match value.to_str() {
        Ok("") => None,
        Ok(text) if text.len() <= KEY_BYTES_MAX => Some(text.to_owned()),
        _ => Some(blake3::hash(value.as_bytes()).to_hex().to_string()),
    }
}

/// Build, status, times and runner, of one instance.
fn fingerprint(hook: &Hook<'_>, instance: Option<&str>) -> String {
    let mut hasher = blake3::Hasher::new();
    let runner = hook.runner.as_ref();
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.0.as_bytes().to_vec());
    let parts = [
        instance.map(|instance| instance.as_bytes().to_vec()),
        Some(hook.build_id.to_be_bytes().to_vec()),
        Some(hook.build_status.as_bytes().to_vec()),
        text(&hook.build_created_at),
        text(&hook.build_started_at),
        text(&hook.build_finished_at),
        runner
            .and_then(|runner| runner.id)
            .map(|id| id.to_be_bytes().to_vec()),
        runner.map(|runner| runner.description.as_bytes().to_vec()),
    ];
    for part in parts {
        // Lengths keep the parts apart, and what is not there is not the same as what is empty.
        let length = part.as_ref().map_or(u64::MAX, |part| part.len() as u64);
        hasher.update(&length.to_be_bytes());
        hasher.update(part.as_deref().unwrap_or_default());
    }
    hasher.finalize().to_hex().to_string()
}

/// The instance that sent it, by its base address.
pub(crate) fn instance(headers: &HeaderMap) -> Option<String> {
    let text = headers
        .get("x-gitlab-instance")?
        .to_str()
        .ok()?
        .trim_end_matches('/');
    let fits = (1..=INSTANCE_BYTES_MAX).contains(&text.len());
    fits.then(|| text.to_owned())
}

/// The names under which the builds of an instance may be kept, the first that is free of another
/// instance's builds wins: the source; the source at its host; the source at a digest of the
/// address, for instances that share a host.
pub(crate) fn sources(source: &str, instance: Option<&str>) -> Vec<String> {
    let mut names = vec![source.to_owned()];
    if let Some(instance) = instance {
        let address = instance
            .split_once("://")
            .map_or(instance, |(_, address)| address);
        let host = address.split('/').next().unwrap_or_default();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '_'
            }
        };
        names.push(format!(
            "{source}@{}",
            host.chars().map(plain).take(80).collect::<String>()
        ));
        names.push(format!(
            "{source}@{}",
            &blake3::hash(instance.as_bytes()).to_hex()[..16]
        ));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(key: Option<&str>) -> HeaderMap {
        key.map(|key| ("idempotency-key".parse().unwrap(), key.parse().unwrap()))
            .into_iter()
            .collect()
    }

    const BODY: &str = r#"{"build_id": 1, "build_status": "success", "build_stage": "stage-1",
        "build_created_at": "c", "build_started_at": "a", "build_finished_at": null, "ref": "develop",
        "runner": {"id": 7, "description": "aws"}}"#;

    #[test]
    fn gitlabs_own_name_comes_first() {
        let hook = Hook::read(BODY).unwrap();
        assert_eq!(name(&headers(Some("abc")), &hook, None), "key:abc");
        assert!(name(&headers(Some("")), &hook, None).starts_with("seen:"));
        let long = name(&headers(Some(&"k".repeat(10_000))), &hook, None);
        assert_eq!(long.len(), "key:".len() + 64);
    }

    #[test]
    fn a_delivery_without_a_name_is_known_by_build_status_times_runner_and_instance() {
        let of = |body: &str, instance| name(&headers(None), &Hook::read(body).unwrap(), instance);
        let first = of(BODY, None);
        assert_eq!(first, of(&BODY.replace("develop", "main"), None));
        for (from, to) in [
            (": 1,", ": 2,"),
            ("success", "failed"),
            (r#""c""#, r#""b""#),
            (r#""a""#, r#""b""#),
            (r#""build_finished_at": null"#, r#""build_finished_at": """#),
            ("aws", "uo"),
            (r#""id": 7"#, r#""id": 8"#),
            (r#"{"id": 7, "description": "aws"}"#, "null"),
        ] {
            let changed = BODY.replacen(from, to, 1);
            assert_ne!(changed, BODY, "{from}");
            assert_ne!(first, of(&changed, None), "{from} -> {to}");
        }
        assert_ne!(first, of(BODY, Some("https://other.example")));
    }

    #[test]
    fn an_instance_with_the_same_numbers_gets_a_name_of_its_own() {
        assert_eq!(sources("default", None), ["default"]);
        let names = sources("default", Some("https://git.example:8443/sub"));
        assert_eq!(names[1], "default@git.example_8443");
        for name in names {
            assert!(
                domain::builds::build::BuildKey::new(&name, 1).is_ok(),
                "{name}"
            );
        }
        let odd = sources("default", Some("é / / ü"));
        assert!(
            odd.iter()
                .all(|name| domain::builds::build::BuildKey::new(name, 1).is_ok()),
            "{odd:?}"
        );
    }
}
