//! The parts of the form that most people leave as they are. Each says in its head what in it differs from the defaults.

mod about;
mod capabilities;
mod checks;
mod limits;
mod parameters;
mod timeouts;
mod tls;

pub use about::About;
pub use capabilities::CapabilityFields;
pub use checks::CheckFields;
pub use limits::LimitFields;
pub use parameters::ParameterFields;
pub use timeouts::TimeoutFields;
pub use tls::TlsFields;
