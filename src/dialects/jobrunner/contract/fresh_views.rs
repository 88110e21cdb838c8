use super::*;

/// After every test the views equal views rebuilt from the log.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let now: Timestamp = NOW.parse().unwrap();
            let config = ViewsConfig::new(move || now);
            projections::conformance::check(&self.log, &self.app.views, config);
        }
    }
}
