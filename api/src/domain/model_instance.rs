//! Model instances: validated values and their rules.

mod connection;
mod drill;
mod kept;
mod valid;

pub use connection::*;
pub use drill::*;
pub use kept::*;
pub use valid::*;
