//! People log in, look, change what they may, and log out.

use domain::core::user::{User, UserCommand};
use secrecy::SecretString;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser: it keeps cookies.
struct Browser {
    app: TestApp,
    router: Router,
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// A browser before an app in which `admin` has a password.
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.password(2, "correct horse").await;
        let dialect = JobRunner::new(app.app.clone(), app.people.clone(), Settings::default());
        let router = dialect.routes();
        Self {
            router: serve_through_gate(router, app.app.clone()),
            app,
            cookies: Vec::new(),
        }
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let mut known = self.cookies.iter();
        let (_, value) = known.find(|(known, _)| known == name)?;
        Some(value)
    }

    async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "127.0.0.1:8124")
            .header("cookie", cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let answered = Answered::read(response).await;
        for set in answered.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answered
    }

    async fn get(&mut self, target: &str) -> Answered {
        self.send("GET", target, &[], "").await
    }

    /// Opens the page and sends its form.
    async fn log_in(&mut self, name: &str, password: &str) -> Answered {
        let page = self.get("/accounts/login/?next=/project/1/runs/").await;
        assert_eq!(page.status, 200);
        let token = self.cookie("csrftoken").unwrap().to_owned();
        assert!(
            page.text.contains(&format!("value=\"{token}\"")),
            "{page:?}"
        );
        let form = format!(
            "csrfmiddlewaretoken={token}&next=%2Fproject%2F1%2Fruns%2F&username={name}&password={}",
            password.replace(' ', "+")
        );
        self.send("POST", "/accounts/login/", &[("content-type", FORM)], &form)
            .await
    }

    /// Requests a run of job 1, with or without the token.
    async fn ask_for_run(&mut self, token: Option<&str>) -> StatusCode {
        let body = json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21 09:00:00+01:00", "is_manual": true});
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(token.map(|token| ("x-csrftoken", token)));
        self.send("POST", "/api/v1/run/", &headers, &body.to_string())
            .await
            .status
    }
}

impl TestApp {
    pub(super) async fn password(&self, user: u64, password: &str) {
        let password = self
            .people
            .passwords
            .hash(SecretString::from(password))
            .await
            .unwrap();
        let at = self.clock.now();
        self.tell::<User>(user, UserCommand::ChangePassword { password, at })
            .await;
    }
}

/// A session is one of a user who may log in, with the password that holds: neither alone is
/// enough.
#[tokio::test]
async fn a_session_ends_when_its_user_is_disabled_or_gets_another_password() {
    for is_disabled in [true, false] {
        let mut browser = Browser::new().await;
        browser.log_in("admin", "correct horse").await;
        let visitor = |browser: &Browser| {
            let cookie = format!("sessionid={}", browser.cookie("sessionid").unwrap());
            let headers = [(http::header::COOKIE, cookie.parse().unwrap())];
            let headers = headers.into_iter().collect();
            browser.app.people.visitor(&Method::GET, &headers).unwrap()
        };
        assert_eq!(visitor(&browser).map(|visitor| visitor.user), Some(2));
        if is_disabled {
            let at = browser.app.clock.now();
            let disable = UserCommand::Disable { at };
            browser.app.tell::<User>(2, disable).await;
        } else {
            browser.app.password(2, "battery staple").await;
        }
        assert_eq!(visitor(&browser), None, "is_disabled = {is_disabled}");
    }
}

#[tokio::test]
async fn a_user_who_logs_in_sees_and_changes_what_they_may() {
    let mut browser = Browser::new().await;
    assert_eq!(browser.get("/api/v1/project/").await.status, 401);
    let done = browser.log_in("admin", "correct horse").await;
    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (302, "/project/1/runs/")
    );
    assert_eq!(browser.get("/api/v1/project/").await.ids(), [1]);

    let token = browser.cookie("csrftoken").unwrap().to_owned();
    assert_eq!(browser.ask_for_run(None).await, 401);
    assert_eq!(browser.ask_for_run(Some("")).await, 401);
    assert_eq!(
        browser
            .ask_for_run(Some("0123456789abcdef0123456789abcdef"))
            .await,
        401
    );
    assert_eq!(browser.ask_for_run(Some(&token)).await, 201);
    let event = browser.app.events("run.scheduled").await.pop().unwrap();
    let metadata: Value = serde_json::from_slice(&event.metadata).unwrap();
    assert_eq!(
        metadata["actor"],
        json!({"kind": "user", "id": "2", "display": "admin"})
    );
}

#[tokio::test]
async fn cookies_are_kept_to_the_browser_and_to_this_server() {
    let mut browser = Browser::new().await;
    let done = browser.log_in("admin", "correct horse").await;
    let set: Vec<_> = done
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|set| set.to_str().unwrap())
        .collect();
    let [session, csrf] = set[..] else {
        panic!("{set:?}")
    };
    assert!(
        session.starts_with("sessionid=") && session.contains("; HttpOnly"),
        "{session}"
    );
    assert!(
        csrf.starts_with("csrftoken=") && !csrf.contains("HttpOnly"),
        "{csrf}"
    );
    for cookie in set {
        assert!(
            cookie.contains("; Path=/") && cookie.contains("; SameSite=Lax"),
            "{cookie}"
        );
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
    // Another user's earlier token is of no use afterwards.
    assert_ne!(browser.cookie("csrftoken"), None);
    let tls = [
        ("content-type", "application/json"),
        ("x-forwarded-proto", "https"),
    ];
    let body = json!({"username": "admin", "password": "correct horse"}).to_string();
    let done = browser.send("POST", "/accounts/login/", &tls, &body).await;
    assert_eq!(done.status, 204);
    assert!(done.header("set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn a_token_that_another_site_has_set_is_refused() {
    let mut browser = Browser::new().await;
    let planted = "planted-planted-planted-planted-";
    browser
        .cookies
        .push(("csrftoken".to_owned(), planted.to_owned()));
    browser.log_in("admin", "correct horse").await;
    assert_ne!(browser.cookie("csrftoken"), Some(planted));
    assert_eq!(browser.ask_for_run(Some(planted)).await, 401);
    // Not even when the cookie has the same token.
    browser.cookies.retain(|(name, _)| name != "csrftoken");
    browser
        .cookies
        .push(("csrftoken".to_owned(), planted.to_owned()));
    assert_eq!(browser.ask_for_run(Some(planted)).await, 401);
}

#[tokio::test]
async fn unknown_disabled_and_wrong_credentials_get_the_same_answer() {
    let mut browser = Browser::new().await;
    browser.app.password(1, "correct horse").await;
    let at = browser.app.clock.now();
    browser
        .app
        .tell::<User>(1, UserCommand::Disable { at })
        .await;
    let mut pages = BTreeSet::new();
    for (name, password) in [
        ("admin", "wrong"),
        ("admin", ""),
        ("viewer", "correct horse"),
        ("unknown", "correct horse"),
        ("", "correct horse"),
        ("Admin", "correct horse"),
    ] {
        let refused = browser.log_in(name, password).await;
        assert_eq!(refused.status, 401, "{name}");
        assert_eq!(browser.cookie("sessionid"), None, "{name}");
        pages.insert(refused.text);
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
    let events = browser.app.events("audit.login_refused").await;
    assert_eq!(events.len(), 6);
    for event in &events {
        let data = String::from_utf8_lossy(&event.data);
        assert!(
            !data.contains("unknown") && !data.contains("horse"),
            "{data}"
        );
    }
    let known: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_slice::<Value>(&event.data).unwrap()["user"].clone())
        .collect();
    assert_eq!(known[..4], [json!(2), json!(2), json!(1), Value::Null]);
}

#[tokio::test]
async fn who_logged_in_is_written_down() {
    let mut browser = Browser::new().await;
    browser.log_in("admin", "correct horse").await;
    assert_eq!(browser.app.last_event("audit.logged_in").await["user"], 2);
    for event in browser.app.events("").await {
        for text in [&event.data, &event.metadata] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains("correct horse"), "{text}");
            assert!(
                !text.contains(browser.cookie("sessionid").unwrap()),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_form_that_is_not_from_our_page_is_refused() {
    let mut browser = Browser::new().await;
    let form = "username=admin&password=correct+horse";
    for body in [
        form.to_owned(),
        format!("{form}&csrfmiddlewaretoken="),
        format!("{form}&csrfmiddlewaretoken=x"),
    ] {
        let refused = browser
            .send("POST", "/accounts/login/", &[("content-type", FORM)], &body)
            .await;
        assert_eq!(refused.status, 403, "{body}");
        assert_eq!(browser.cookie("sessionid"), None);
    }
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let mut browser = Browser::new().await;
    let long = "x".repeat(100_000);
    for (kind, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", "{\"username\": 7}", 400),
        ("application/json", "{}", 401),
        ("text/plain", "username=admin", 415),
        ("", "", 415),
        (FORM, "username=%ff", 400),
        (FORM, "username=%00", 403),
        (FORM, &long, 413),
    ] {
        let refused = browser
            .send("POST", "/accounts/login/", &[("content-type", kind)], body)
            .await;
        assert_eq!(
            refused.status, status,
            "{kind} {body:.40}: {}",
            refused.text
        );
    }
    for (target, status) in [
        ("/accounts/login", 301),
        ("/accounts/logout", 301),
        ("/accounts/", 404),
    ] {
        assert_eq!(browser.get(target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn a_client_that_guesses_has_to_wait() {
    let mut browser = Browser::new().await;
    let body = json!({"username": "admin", "password": "wrong"}).to_string();
    let mut last = None;
    for _ in 0..30 {
        last = Some(
            browser
                .send(
                    "POST",
                    "/accounts/login/",
                    &[("content-type", "application/json")],
                    &body,
                )
                .await,
        );
    }
    let refused = last.unwrap();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    // The right password is refused as well, or it could be distinguished from wrong ones.
    assert_eq!(browser.log_in("admin", "correct horse").await.status, 429);
}

#[tokio::test]
async fn a_session_ends_with_its_password_its_user_and_its_time() {
    for what in ["password", "user", "time", "logout"] {
        let mut browser = Browser::new().await;
        browser.log_in("admin", "correct horse").await;
        assert_eq!(browser.get("/api/v1/project/").await.status, 200, "{what}");
        let at = browser.app.clock.now();
        match what {
            "password" => browser.app.password(2, "another horse").await,
            "user" => {
                let app = &browser.app;
                app.tell::<User>(2, UserCommand::Disable { at }).await;
            }
            "time" => browser
                .app
                .clock
                .set(at + jiff::SignedDuration::from_hours(13)),
            _ => {
                let session = browser.cookies.clone();
                let refused = browser.send("POST", "/accounts/logout/", &[], "").await;
                assert_eq!(refused.status, 403);
                let page = browser.get("/accounts/logout/").await;
                let token = browser.cookie("csrftoken").unwrap().to_owned();
                assert!(page.text.contains(&token));
                let form = format!("csrfmiddlewaretoken={token}");
                let done = browser
                    .send(
                        "POST",
                        "/accounts/logout/",
                        &[("content-type", FORM)],
                        &form,
                    )
                    .await;
                assert_eq!(
                    (done.status.as_u16(), done.header("location")),
                    (302, "/accounts/login/")
                );
                assert_eq!(browser.cookies, []);
                // A kept cookie is of no use.
                browser.cookies = session;
            }
        }
        assert_eq!(browser.get("/api/v1/project/").await.status, 401, "{what}");
    }
}

#[tokio::test]
async fn after_logging_in_one_stays_on_this_server() {
    for (next, expected) in [
        ("/project/1/", "/project/1/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a%0d%0aSet-Cookie:x", "/"),
    ] {
        let mut browser = Browser::new().await;
        browser.get(&format!("/accounts/login/?next={next}")).await;
        let token = browser.cookie("csrftoken").unwrap().to_owned();
        let form = format!(
            "csrfmiddlewaretoken={token}&next={next}&username=admin&password=correct+horse"
        );
        let done = browser
            .send("POST", "/accounts/login/", &[("content-type", FORM)], &form)
            .await;
        assert_eq!(
            (done.status.as_u16(), done.header("location")),
            (302, expected),
            "{next}"
        );
    }
    let mut browser = Browser::new().await;
    let page = browser
        .get("/accounts/login/?next=/%22%3E%3Cscript%3E")
        .await;
    assert!(!page.text.contains("<script>"), "{}", page.text);
}

#[tokio::test]
async fn a_header_counts_and_a_session_next_to_it_does_not() {
    let mut browser = Browser::new().await;
    browser.log_in("admin", "correct horse").await;
    let refused = browser
        .send(
            "GET",
            "/api/v1/project/",
            &[("authorization", "ApiKey worker1:00")],
            "",
        )
        .await;
    assert_eq!(refused.status, 401);
}
