//! The TLS settings that clients without settings of their own share.

use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::BuilderVerifierExt as _;

/// The system's authorities, read once: they take memory, and every client without settings of its own trusts the same.
pub(super) fn shared() -> Option<&'static rustls::ClientConfig> {
    static TLS: OnceLock<Option<rustls::ClientConfig>> = OnceLock::new();
    let make = || {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?;
        match builder.clone().with_platform_verifier() {
            Ok(builder) => Some(builder.with_no_client_auth()),
            Err(error) => {
                tracing::warn!(%error, "the system has no certificates; only plain http and instances with ca_pem will work");
                Some(
                    builder
                        .with_root_certificates(rustls::RootCertStore::empty())
                        .with_no_client_auth(),
                )
            }
        }
    };
    TLS.get_or_init(make).as_ref()
}
