//! Where servers of models usually listen.

use std::str::FromStr;

use understudy_shared::Engine;

use crate::gateway::egress::normalize_host;

/// Programs and the port that each of them listens on unless it is told otherwise. 8001 and 8002 are those of the single-model container.
const USUAL: [(Engine, u16); 9] = [
    (Engine::LlamaCpp, 8080),
    (Engine::LocalAi, 8080),
    (Engine::Vllm, 8000),
    (Engine::LlamaCpp, 8001),
    (Engine::LlamaCpp, 8002),
    (Engine::Ollama, 11434),
    (Engine::LmStudio, 1234),
    (Engine::TextGenerationWebui, 5000),
    (Engine::Sglang, 30000),
];

/// A place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host; none = this machine.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
}

/// A text that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    /// `PORT`, or `HOST:PORT` with brackets around an IPv6 address.
    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (Some(host), port),
            None => (None, text),
        };
        let host = match host {
            None => None,
            Some(host) => {
                let bare = host
                    .strip_prefix('[')
                    .and_then(|host| host.strip_suffix(']'));
                if bare.is_none() && host.contains(':') {
                    return Err(NotAPlace);
                }
                Some(normalize_host(bare.unwrap_or(host)).map_err(|_| NotAPlace)?)
            }
        };
        let port = port.parse().ok().filter(|port| *port > 0);
        Ok(Self {
            host,
            port: port.ok_or(NotAPlace)?,
        })
    }
}

/// Where is looked unless whoever runs the service says otherwise.
pub fn usual_places() -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (_, port) in USUAL {
        let place = Place { host: None, port };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Programs that usually listen on this port.
pub(super) fn usual(port: u16) -> Vec<Engine> {
    let here = USUAL.into_iter().filter(|(_, usual)| *usual == port);
    here.map(|(engine, _)| engine).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_a_port_or_a_host_and_a_port() {
        let place = |text: &str| text.parse::<Place>().map(|place| (place.host, place.port));
        assert_eq!(place("8080"), Ok((None, 8080)));
        assert_eq!(
            place("model-a:8001"),
            Ok((Some("model-a".to_owned()), 8001))
        );
        assert_eq!(place("0x7f.1:1"), Ok((Some("127.0.0.1".to_owned()), 1)));
        assert_eq!(place("[::1]:1"), Ok((Some("::1".to_owned()), 1)));
        for odd in [
            "",
            "0",
            "65536",
            "a",
            "a:",
            ":1",
            "::1:1",
            "a b:1",
            "http://a:1",
        ] {
            assert_eq!(place(odd), Err(NotAPlace), "{odd}");
        }
    }

    #[test]
    fn no_port_is_asked_twice_and_each_knows_its_programs() {
        assert_eq!(usual_places().len(), 8);
        assert_eq!(usual(8080), [Engine::LlamaCpp, Engine::LocalAi]);
        assert_eq!(usual(9999), []);
    }
}
