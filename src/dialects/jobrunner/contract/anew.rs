use super::*;

/// After whatever a test did, the views say what the log says.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let now: Timestamp = NOW.parse().unwrap();
            let config = ViewsConfig::new(move || now);
            projections::conformance::check(&self.log, &self.app.views, config);
        }
    }
}
