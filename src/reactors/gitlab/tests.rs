use super::*;

#[test]
fn a_configuration_never_shows_its_token() {
    let config = GitlabConfig::new(
        "http://user:sesame@localhost/api/v4/projects/1",
        SecretString::from("sesame"),
    );
    assert!(!format!("{config:?}").contains("sesame"));
}

#[test]
fn a_token_that_no_header_can_carry_is_refused_without_showing_it() {
    let config = GitlabConfig::new("http://localhost", SecretString::from("ses\name"));
    let error = Gitlab::new(&config).unwrap_err();
    assert!(!error.to_string().contains("ses"), "{error}");
}
