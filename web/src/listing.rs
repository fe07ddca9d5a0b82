//! Lists whose state is the address of their page: a link leads to exactly what somebody sees, and "back" undoes what was asked for.

mod address;
mod list;
mod parts;
mod query;

pub use address::{Address, Shown, Step, use_address};
pub use list::{Listing, use_listing};
pub use parts::{IgnoredParts, ListPager, ListTools, NoMatch};
#[cfg(test)]
pub use query::View;
pub use query::{Filter, ListState, Spec, Values};
