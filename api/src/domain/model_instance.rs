//! Model instances: validated values and their rules.

mod connection;
mod kept;
mod valid;

pub use connection::*;
pub use kept::*;
pub use valid::*;
