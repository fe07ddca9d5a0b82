//! The one way to PostgreSQL, for the pool, the announcements, the checks' lock and the migrations alike: what an address says about
//! TLS holds for all of them.
//!
//! The words are libpq's: `sslmode` is `disable`, `prefer` (the default: encrypted if the server can, whoever it is), `require`
//! (encrypted, whoever it is), `verify-ca` or `verify-full`, and `sslrootcert` names the file of the authorities, `system` those of the
//! system, which are also the default. With a file `require` checks as `verify-ca` does. The file is read for every connection, so that
//! a new one needs no restart.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{ChannelBinding as RequiredBinding, Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, Connection, Error, Socket};
use tokio_rustls::TlsConnector;

use crate::tls::{self, Anything};

/// A connection and what moves its bytes.
pub type Opened = (Client, Connection<Socket, Encrypted>);

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("is not a PostgreSQL URL such as postgres://user:password@host:5432/database")]
    Malformed,
    /// Nobody knows this word.
    #[error("has an sslmode other than disable, prefer, require, verify-ca and verify-full")]
    Mode,
    /// TLS is bound to the sign-in nowhere here.
    #[error(
        "asks for channel_binding=require, which is not supported; leave it out, and use sslmode=verify-full to know the server"
    )]
    ChannelBinding,
    /// The authorities cannot be read.
    #[error("names {0} in sslrootcert, whose certificates cannot be read: {1}")]
    Authorities(String, String),
    /// They can be read, and are of no use.
    #[error("the database's certificate cannot be checked: {0}")]
    Tls(#[from] rustls::Error),
}

/// What is checked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Authority,
    AuthorityAndName,
}

/// Whom to believe that it is the database.
#[derive(Clone, Debug)]
struct Trust {
    check: Check,
    /// File of the authorities; none: those of the system.
    authorities: Option<String>,
}

/// Says whether an address can be used, authorities and all.
///
/// # Errors
/// If it cannot.
pub fn check(url: &str) -> Result<(), AddressError> {
    let (_, trust) = read(url)?;
    trust.settings().map(|_| ())
}

/// The address, as the driver has it.
///
/// # Errors
/// If it is none.
pub fn config(url: &str) -> Result<Config, AddressError> {
    Ok(read(url)?.0)
}

/// Opens a connection. Nothing moves on it until what comes with it is awaited.
///
/// # Errors
/// If there is none to be had.
pub async fn open(url: &str) -> Result<Opened, OpenError> {
    let (config, trust) = read(url)?;
    Ok(config.connect(trust).await?)
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address.
    #[error("DATABASE_URL {0}")]
    Address(#[from] AddressError),
    /// The server, or the way to it.
    #[error("{}", with_causes(.0))]
    Database(#[from] Error),
}

/// The driver's errors leave out why.
fn with_causes(error: &Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}

/// Takes apart what the driver understands and what it does not.
fn read(url: &str) -> Result<(Config, Trust), AddressError> {
    // Before the query there may be a question mark in a password, which ends at the first `@`.
    let credentials = url.find('@').unwrap_or(0);
    let query = url[credentials..].find('?').map(|at| credentials + at);
    let (address, query) = match query {
        Some(at) if url.contains("://") => (&url[..at], &url[at + 1..]),
        _ => (url, ""),
    };
    let mut mode = None;
    let mut authorities = None;
    let mut rest = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = || {
            let decoded = percent_decode_str(value).decode_utf8();
            decoded
                .map(Cow::into_owned)
                .map_err(|_| AddressError::Malformed)
        };
        match name {
            "sslmode" => mode = Some(value()?),
            "sslrootcert" => authorities = Some(value()?).filter(|file| file != "system"),
            _ => rest.push(parameter),
        }
    }
    let mut whole = address.to_owned();
    if !rest.is_empty() {
        whole.push('?');
        whole.push_str(&rest.join("&"));
    }
    let mut config: Config = whole.parse().map_err(|_| AddressError::Malformed)?;
    if config.get_channel_binding() == RequiredBinding::Require {
        return Err(AddressError::ChannelBinding);
    }
    let check = match mode.as_deref() {
        None | Some("disable" | "prefer") => Check::Nothing,
        Some("require") if authorities.is_some() => Check::Authority,
        Some("require") => Check::Nothing,
        Some("verify-ca") => Check::Authority,
        Some("verify-full") => Check::AuthorityAndName,
        Some(_) => return Err(AddressError::Mode),
    };
    match mode.as_deref() {
        Some("disable") => config.ssl_mode(SslMode::Disable),
        Some("require" | "verify-ca" | "verify-full") => config.ssl_mode(SslMode::Require),
        _ => &mut config,
    };
    // What stays on the machine is not encrypted, whatever the mode, as with libpq.
    if config
        .get_hosts()
        .iter()
        .all(|host| !matches!(host, Host::Tcp(_)))
    {
        config.ssl_mode(SslMode::Disable);
    }
    Ok((config, Trust { check, authorities }))
}

impl Trust {
    fn settings(&self) -> Result<ClientConfig, AddressError> {
        let builder = tls::builder()?.dangerous();
        let builder = match self.check {
            Check::Nothing => builder.with_custom_certificate_verifier(Arc::new(Anything)),
            Check::AuthorityAndName => builder.with_custom_certificate_verifier(self.verifier()?),
            Check::Authority => {
                let verifier = Nameless(self.verifier()?);
                builder.with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut settings = builder.with_no_client_auth();
        // Only `sslnegotiation=direct` needs it, and no server minds.
        settings.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(settings)
    }

    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, AddressError> {
        let Some(file) = &self.authorities else {
            return Ok(Arc::new(Verifier::new(tls::provider())?));
        };
        let unreadable = |error: String| AddressError::Authorities(file.clone(), error);
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file);
        for certificate in certificates.map_err(|error| unreadable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate)?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), tls::provider());
        let verifier = verifier.build();
        Ok(verifier.map_err(|error| unreadable(error.to_string()))?)
    }
}

impl MakeTlsConnect<Socket> for Trust {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = AddressError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, AddressError> {
        Ok(Handshake {
            connector: Arc::new(self.settings()?).into(),
            host: host.to_owned(),
        })
    }
}

/// One handshake to be made.
pub struct Handshake {
    connector: TlsConnector,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(std::io::Error::other)?;
            Ok(Encrypted(self.connector.connect(name, socket).await?))
        })
    }
}

/// An encrypted connection.
pub struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Asks who signed a certificate, and not whom it names: `verify-ca`.
#[derive(Debug)]
struct Nameless(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .0
            .verify_server_cert(certificate, between, name, ocsp, now);
        match verified {
            // The name is looked at last, when all else is right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
