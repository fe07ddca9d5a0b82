//! One spelling for every host, so that no spelling gets past the policy.

use std::net::Ipv6Addr;

/// A text that is neither a host name nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHost;

/// One spelling for every host: octal, decimal and hexadecimal IPv4, full-width digits, international names, trailing dots.
///
/// # Errors
/// If it is neither a name nor an address.
pub fn normalize_host(host: &str) -> Result<String, NotAHost> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    if bare.contains(':') {
        let address: Ipv6Addr = bare.parse().map_err(|_| NotAHost)?;
        return Ok(address.to_string());
    }
    match url::Host::parse(host) {
        Ok(url::Host::Domain(name)) => {
            // One dot at the end, whatever script it is of. Without several the rest might be an address, which was not looked for.
            let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            if name.len() > 253 || !name.split('.').all(label) {
                return Err(NotAHost);
            }
            Ok(name)
        }
        Ok(url::Host::Ipv4(address)) => Ok(address.to_string()),
        Ok(url::Host::Ipv6(address)) => Ok(address.to_string()),
        Err(_) => Err(NotAHost),
    }
}
