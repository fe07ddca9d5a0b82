//! Where traces go: the standard variables of OpenTelemetry. By its rules, and unlike the service's own, an empty one is one that is not
//! set.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use url::Url;

use super::Reader;
use crate::secrets::Secret;

/// How long the collector may take for a batch.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The header of a credential.
const AUTHORIZATION: &str = "authorization";

/// Where traces go.
#[derive(Debug)]
pub struct Telemetry {
    /// The whole address, without name and password: they are in `headers`.
    pub endpoint: String,
    /// What the log may say of it: scheme, host and port.
    pub origin: String,
    /// Sent with every batch.
    pub headers: Vec<(String, Secret)>,
    /// `OTEL_SERVICE_NAME`
    pub service_name: Option<String>,
    /// Which traces are kept.
    pub sampler: Sampler,
    /// How long the collector may take for a batch.
    pub timeout: Duration,
}

impl<L: Fn(&str) -> Result<Option<String>, String>> Reader<L> {
    fn standard(&mut self, name: &str) -> Option<String> {
        let value = self.raw(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The one of the two that is set, the special one first, and its name.
    fn either(
        &mut self,
        general: &'static str,
        special: &'static str,
    ) -> Option<(&'static str, String)> {
        let both = [general, special].map(|name| (name, self.standard(name)));
        let [general, special] = both.map(|(name, value)| value.map(|value| (name, value)));
        special.or(general)
    }

    /// Where traces go; nowhere unless an endpoint is set.
    pub fn telemetry(&mut self) -> Option<Telemetry> {
        const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let endpoint = self.either(ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let headers = self.either(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        );
        let protocol = self.either(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        );
        let timeout = self.either(
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        );
        let compression = self.either(
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        );
        let service_name = self.standard("OTEL_SERVICE_NAME");
        let sampler = self.standard("OTEL_TRACES_SAMPLER");
        let ratio = self.standard("OTEL_TRACES_SAMPLER_ARG");
        let disabled = self.standard("OTEL_SDK_DISABLED");
        let exporter = self.standard("OTEL_TRACES_EXPORTER");
        let (name, endpoint) = endpoint?;
        let off = disabled.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || exporter.is_some_and(|value| value == "none");
        if off {
            return None;
        }
        if let Some((name, protocol)) = protocol
            && protocol != "http/protobuf"
        {
            self.fault(
                name,
                "is not http/protobuf, the one form that this service sends",
            );
        }
        if let Some((name, compression)) = compression
            && compression != "none"
        {
            self.fault(name, "is not none: this service sends batches as they are");
        }
        let endpoint = self.endpoint(name, &endpoint, name == ENDPOINT);
        let mut headers = headers
            .map(|(name, list)| self.headers(name, &list))
            .unwrap_or_default();
        let sampler = self.sampler(sampler.as_deref(), ratio.as_deref());
        let timeout = timeout.map(|(name, value)| match value.parse() {
            Ok(millis @ 1..=600_000) => Duration::from_millis(millis),
            _ => {
                self.fault(name, "is not a number of milliseconds from 1 to 600000");
                TIMEOUT
            }
        });
        let mut endpoint = endpoint?;
        if let Some(credential) = take_credential(&mut endpoint)
            && !headers.iter().any(|(name, _)| name == AUTHORIZATION)
        {
            headers.push((AUTHORIZATION.to_owned(), credential));
        }
        Some(Telemetry {
            origin: endpoint.origin().ascii_serialization(),
            endpoint: endpoint.into(),
            headers,
            service_name,
            sampler: sampler?,
            timeout: timeout.unwrap_or(TIMEOUT),
        })
    }

    /// The general endpoint is a base for those of all signals.
    fn endpoint(&mut self, name: &str, value: &str, base: bool) -> Option<Url> {
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let Some(mut url) = Url::parse(value).ok().filter(usable) else {
            self.fault(name, "is not an address such as http://127.0.0.1:4318");
            return None;
        };
        if base {
            let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Some(url)
    }

    fn headers(&mut self, name: &str, list: &str) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        for item in list.split(',').filter(|item| !item.trim().is_empty()) {
            match header(item) {
                Some((header, value)) => headers.push((header, Secret::new(value))),
                // Its value may be a credential, even where the form is wrong.
                None => self.fault(name, "is not a list of the form name=value,name=value"),
            }
        }
        headers
    }

    fn sampler(&mut self, name: Option<&str>, ratio: Option<&str>) -> Option<Sampler> {
        const NAMES: &str = "is none of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, \
             parentbased_traceidratio";
        let below = |sampler| Sampler::ParentBased(Box::new(sampler));
        match name.unwrap_or("parentbased_always_on") {
            "always_on" => Some(Sampler::AlwaysOn),
            "always_off" => Some(Sampler::AlwaysOff),
            "parentbased_always_on" => Some(below(Sampler::AlwaysOn)),
            "parentbased_always_off" => Some(below(Sampler::AlwaysOff)),
            kind @ ("traceidratio" | "parentbased_traceidratio") => {
                let share: Option<f64> = ratio.map_or(Some(1.0), |text| text.parse().ok());
                let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) else {
                    self.fault("OTEL_TRACES_SAMPLER_ARG", "is not a number from 0 to 1");
                    return None;
                };
                let by_ratio = Sampler::TraceIdRatioBased(share);
                Some(match kind {
                    "traceidratio" => by_ratio,
                    _ => below(by_ratio),
                })
            }
            _ => {
                self.fault("OTEL_TRACES_SAMPLER", NAMES);
                None
            }
        }
    }
}

fn header(item: &str) -> Option<(String, String)> {
    let (name, value) = item.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    let name = reqwest::header::HeaderName::try_from(name.trim()).ok()?;
    reqwest::header::HeaderValue::from_str(&value).ok()?;
    Some((name.as_str().to_owned(), value.into_owned()))
}

/// Takes name and password out of an address. In a header that is marked as a secret they are in no log, however much is logged.
fn take_credential(url: &mut Url) -> Option<Secret> {
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let (name, password) = (decoded(url.username()), url.password().map(decoded));
    if name.is_empty() && password.is_none() {
        return None;
    }
    let pair = [name, b":".to_vec(), password.unwrap_or_default()].concat();
    // An address with a host, as this one is, takes both.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Telemetry>, Vec<String>> {
        let mut reader = Reader {
            lookup: |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                Ok(found.map(|(_, value)| (*value).to_owned()))
            },
            faults: Vec::new(),
        };
        let telemetry = reader.telemetry();
        if reader.faults.is_empty() {
            Ok(telemetry)
        } else {
            Err(reader.faults)
        }
    }

    #[test]
    fn without_an_endpoint_there_are_no_traces() {
        let off: [&[(&str, &str)]; 4] = [
            &[("OTEL_SERVICE_NAME", "x")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
                ("OTEL_SDK_DISABLED", "true"),
            ],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
                ("OTEL_TRACES_EXPORTER", "none"),
            ],
        ];
        for variables in off {
            assert!(read(variables).unwrap().is_none(), "{variables:?}");
        }
    }

    #[test]
    fn general_endpoint_is_a_base_and_the_special_one_is_whole() {
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/otlp/");
        let telemetry = read(&[general]).unwrap().unwrap();
        assert_eq!(telemetry.endpoint, "http://c:4318/otlp/v1/traces");
        assert_eq!(telemetry.origin, "http://c:4318");
        let special = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://user:pw@t/in?x=1",
        );
        let telemetry = read(&[general, special]).unwrap().unwrap();
        assert_eq!(telemetry.endpoint, "https://t/in?x=1");
        assert_eq!(telemetry.origin, "https://t");
    }

    #[test]
    fn headers_are_decoded_and_not_shown() {
        let on = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        let list = "authorization=Bearer%20canary, X-Scope = a=b,";
        let telemetry = read(&[on, ("OTEL_EXPORTER_OTLP_HEADERS", list)]);
        let telemetry = telemetry.unwrap().unwrap();
        let headers = telemetry.headers.iter();
        let headers: Vec<_> = headers.map(|(n, v)| (n.as_str(), v.expose())).collect();
        assert_eq!(
            headers,
            [("authorization", "Bearer canary"), ("x-scope", "a=b")]
        );
        assert!(!format!("{telemetry:?}").contains("canary"));
    }

    #[test]
    fn every_fault_is_told_without_values() {
        let faults = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "canary"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ]);
        let faults = faults.unwrap_err();
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(!faults.join(" ").contains("canary"), "{faults:?}");
        let unknown = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
        ];
        assert!(read(&unknown).is_err());
    }

    #[test]
    fn name_and_password_of_the_address_go_into_a_header() {
        let with = |more: &[(&str, &str)]| {
            let endpoint = (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://us:p%2Fw@collector:4318",
            );
            let telemetry = read(&[&[endpoint], more].concat()).unwrap().unwrap();
            assert_eq!(telemetry.endpoint, "http://collector:4318/v1/traces");
            let header = |(name, value): &(String, Secret)| format!("{name}: {}", value.expose());
            telemetry.headers.iter().map(header).collect::<Vec<_>>()
        };
        assert_eq!(with(&[]), ["authorization: Basic dXM6cC93"]);
        let own = ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20x");
        assert_eq!(with(&[own]), ["authorization: Bearer x"]);
    }
}
