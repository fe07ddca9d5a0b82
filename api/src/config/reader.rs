//! Reading one variable after the other, without stopping at the first fault.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Database, FirstAdmin};
use crate::gateway::discovery::Place;
use crate::keys::KeyRing;
use crate::secrets::Secret;
use crate::server::cors::Origins;

/// Reads variables and gathers what is wrong with them.
pub(super) struct Reader<L> {
    /// Gives the value of a variable, or why it has none.
    pub lookup: L,
    /// What is wrong, so far.
    pub faults: Vec<String>,
}

impl<L: Fn(&str) -> Result<Option<String>, String>> Reader<L> {
    pub fn fault(&mut self, name: &str, what: &str) {
        self.faults.push(format!("{name} {what}"));
    }

    pub(super) fn raw(&mut self, name: &str) -> Option<String> {
        match (self.lookup)(name) {
            Ok(value) => value,
            Err(what) => {
                self.fault(name, &what);
                None
            }
        }
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        if value.trim().is_empty() {
            self.fault(name, "is empty; remove it or give it a value");
            return None;
        }
        Some(value)
    }

    pub fn parsed<T: std::str::FromStr>(&mut self, name: &str, form: &str) -> Option<T> {
        let value = self.text(name)?;
        let parsed = value.trim().parse().ok();
        if parsed.is_none() {
            self.fault(name, &format!("is not {form}"));
        }
        parsed
    }

    /// A secret that is sent as a bearer token, so it must be able to stand in a header.
    pub fn token(&mut self, name: &str) -> Option<Secret> {
        let value = self.text(name)?;
        let value = value.trim();
        if value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Secret::new(value.to_owned()));
        }
        self.fault(name, "has characters other than visible ASCII ones");
        None
    }

    pub fn networks(&mut self, name: &str) -> Vec<IpNet> {
        let Some(value) = self.raw(name) else {
            return Vec::new();
        };
        let mut networks = Vec::new();
        for item in value
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            match item
                .parse::<IpNet>()
                .or_else(|_| item.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.fault(
                    name,
                    &format!("has {item:?}, which is not a network such as 10.0.0.0/8"),
                ),
            }
        }
        networks
    }

    /// Where servers of models are looked for; an empty list is nowhere.
    pub fn places(&mut self, name: &str) -> Option<Vec<Place>> {
        /// All of them are asked at once.
        const MOST: usize = 64;
        let value = self.raw(name)?;
        let items = value.split(',').map(str::trim);
        let mut places = Vec::new();
        for item in items.filter(|item| !item.is_empty()) {
            match item.parse() {
                Ok(place) => places.push(place),
                Err(_) => self.fault(
                    name,
                    &format!("has {item:?}, which is neither a port nor a host and a port such as model-a:8001"),
                ),
            }
        }
        if places.len() > MOST {
            self.fault(name, &format!("has more than {MOST} places"));
        }
        Some(places)
    }

    pub fn origins(&mut self, name: &str) -> Origins {
        let Some(value) = self.text(name) else {
            return Origins::default();
        };
        Origins::parse(&value).unwrap_or_else(|item| {
            self.fault(
                name,
                &format!("has {item:?}, which is not an origin such as https://chat.example"),
            );
            Origins::default()
        })
    }

    pub fn first_admin(&mut self) -> Option<FirstAdmin> {
        let username = self.text("UNDERSTUDY_ADMIN_USERNAME");
        let password = self.text("UNDERSTUDY_ADMIN_PASSWORD");
        let (Some(username), Some(password)) = (&username, &password) else {
            if username.is_some() != password.is_some() {
                self.fault(
                    "UNDERSTUDY_ADMIN_USERNAME and UNDERSTUDY_ADMIN_PASSWORD",
                    "are needed together",
                );
            }
            return None;
        };
        for fault in crate::domain::user::credential_faults(username, password) {
            let name = if fault.pointer == "/username" {
                "UNDERSTUDY_ADMIN_USERNAME"
            } else {
                "UNDERSTUDY_ADMIN_PASSWORD"
            };
            self.fault(name, &fault.detail);
        }
        Some(FirstAdmin {
            username: username.clone(),
            password: password.clone(),
        })
    }

    pub fn keys(&mut self, name: &str, database: &Database) -> Option<KeyRing> {
        let Some(value) = self.text(name) else {
            if matches!(database, Database::Url(_))
                && !self.faults.iter().any(|fault| fault.starts_with(name))
            {
                self.fault(
                    name,
                    "is needed beside DATABASE_URL, since every replica must have the same keys: id:base64(32 bytes), \
                     for example k1:$(openssl rand -base64 32)",
                );
            }
            return None;
        };
        match KeyRing::parse(&value) {
            Ok(ring) => Some(ring),
            Err(what) => {
                self.fault(name, what);
                None
            }
        }
    }
}
