//! How backends prove who they are: one set of rules for every way to them.

use std::sync::{Arc, OnceLock};

use rustls::client::WantsClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::{BuilderVerifierExt as _, Verifier};
use understudy_shared::TlsOptions;

use super::route::misconfigured;
use crate::gateway::classify::Failure;
use crate::tls::{self, Anything, provider};

/// The TLS settings of an instance.
///
/// # Errors
/// If its certificates cannot be read.
pub(super) fn settings(options: &TlsOptions) -> Result<Arc<ClientConfig>, Failure> {
    if options.insecure_skip_verify {
        let anything = Arc::new(Anything);
        let builder = builder()?
            .dangerous()
            .with_custom_certificate_verifier(anything);
        return Ok(finished(builder));
    }
    if let Some(pem) = &options.ca_pem {
        let extra: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let extra = extra.map_err(|_| misconfigured("its CA certificates cannot be read"))?;
        let verifier = Verifier::new_with_extra_roots(extra, provider()).map_err(|error| {
            misconfigured(format!("its CA certificates cannot be used: {error}"))
        })?;
        let builder = builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        return Ok(finished(builder));
    }
    // The system's authorities, read once: they take memory, and all instances without settings of their own trust the same.
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(shared) = SHARED.get() {
        return Ok(Arc::clone(shared));
    }
    let made = match builder()?.with_platform_verifier() {
        Ok(builder) => finished(builder),
        Err(error) => {
            tracing::warn!(%error, "the system has no certificates; only plain http and instances with ca_pem will work");
            finished(builder()?.with_root_certificates(RootCertStore::empty()))
        }
    };
    Ok(Arc::clone(SHARED.get_or_init(|| made)))
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Failure> {
    tls::builder()
        .map_err(|error| misconfigured(format!("its TLS settings cannot be used: {error}")))
}

fn finished(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> Arc<ClientConfig> {
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
