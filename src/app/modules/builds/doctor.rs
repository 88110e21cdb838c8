//! Checks of the sources of builds: webhooks, Prometheus, GitLab.

use secrecy::ExposeSecret;

use crate::app::modules::Findings;
use crate::app::outside::answer_to;
use crate::config::Config;

pub(super) async fn check(config: &Config, findings: &mut Findings) {
    sources(config, findings);
    outside(config, findings).await;
}

fn sources(config: &Config, findings: &mut Findings) {
    let named: Vec<&str> = config
        .sources
        .iter()
        .filter(|(_, source)| {
            !source.token.all().is_empty() || !source.signing_token.all().is_empty()
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if named.is_empty() {
        findings.warn(
            "sources",
            "no source has a token: every webhook is refused; set sources.default.token",
        );
    } else {
        findings.good("sources", named.join(", "));
    }
}

async fn outside(config: &Config, findings: &mut Findings) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let Ok(client) = client else { return };
    match &config.prometheus.url {
        None => findings.warn(
            "prometheus",
            "prometheus.url is not set: no usage is collected",
        ),
        Some(url) => {
            let mut request = client.get(format!(
                "{}/query?query=1",
                url.expose().trim_end_matches('/')
            ));
            if let Some(cookie) = &config.prometheus.cookie {
                request = request.header(
                    "Cookie",
                    format!("_oauth2_proxy={}", cookie.expose_secret()),
                );
            }
            match answer_to(request).await {
                Ok((200, text)) if text.contains("\"success\"") => {
                    findings.good("prometheus", "answers");
                }
                Ok((status, _)) => findings.bad(
                    "prometheus",
                    format!(
                        "answers {status} without data: is the address right, and the cookie fresh?"
                    ),
                ),
                Err(error) => findings.bad("prometheus", format!("does not answer: {error}")),
            }
        }
    }
    if let Some(url) = &config.gitlab.url {
        let mut request = client.get(url.expose());
        if let Some(token) = &config.gitlab.token {
            request = request.header("PRIVATE-TOKEN", token.expose_secret());
        }
        match answer_to(request).await {
            Ok((200, _)) => findings.good("gitlab", "answers"),
            Ok((status, _)) => {
                findings.bad("gitlab", format!("answers {status}: is the token valid?"));
            }
            Err(error) => findings.bad("gitlab", format!("does not answer: {error}")),
        }
    }
}
