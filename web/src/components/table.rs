//! What tables are made of: sortable headings, check boxes, a search, filters, pages, and rows that stay while their content changes.
//!
//! Rule: nothing in here knows what is listed. State comes in as signals, wishes go out as callbacks.

mod controls;
mod head;
mod pager;
mod rows;

pub use controls::{Chip, Choice, FilterSelect, Search};
pub use head::{CheckBox, Heading, SortHeading, Sorting};
pub use pager::Pager;
pub use rows::{Pointer, Row, keyed};
