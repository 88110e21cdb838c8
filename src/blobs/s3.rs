//! Blobs in a bucket that speaks S3.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

use crate::BlobError;

/// How long one request may take.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// How often, and until when, a request is repeated: callers wait for this.
const RETRIES_MAX: usize = 3;
const RETRYING_MAX: Duration = Duration::from_secs(20);

/// Which bucket, and how to get in.
#[derive(Clone, Debug, Default)]
pub struct S3Config {
    /// The bucket; it must exist.
    pub bucket: String,
    /// What every name begins with, without slashes at its ends; may be empty.
    pub prefix: String,
    /// The region; `us-east-1` if unset.
    pub region: Option<String>,
    /// Where the service is, if not at Amazon. With `http://` it is not encrypted.
    pub endpoint: Option<String>,
    /// The access key. Without one the environment (`AWS_…`) and the machine's role are used.
    pub access_key_id: Option<String>,
    /// The secret that goes with it.
    pub secret_access_key: Option<SecretString>,
}

pub(crate) fn open(config: &S3Config) -> Result<AmazonS3, BlobError> {
    let mut builder = match config.access_key_id {
        // The environment's session token does not belong to a configured key.
        Some(_) => AmazonS3Builder::new(),
        None => AmazonS3Builder::from_env(),
    };
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &config.endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_virtual_hosted_style_request(false);
    }
    if let Some(key) = &config.access_key_id {
        builder = builder.with_access_key_id(key);
    }
    if let Some(secret) = &config.secret_access_key {
        builder = builder.with_secret_access_key(secret.expose_secret());
    }
    let is_http = config
        .endpoint
        .as_ref()
        .is_some_and(|url| url.starts_with("http://"));
    let client = ClientOptions::new()
        .with_timeout(REQUEST_MAX)
        .with_allow_http(is_http);
    let retry = RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: RETRYING_MAX,
        ..RetryConfig::default()
    };
    let builder = builder
        .with_bucket_name(&config.bucket)
        .with_client_options(client);
    Ok(builder.with_retry(retry).build()?)
}
