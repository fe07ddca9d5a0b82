//! Lists: one page of items and how many there are in all.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Page size when the request names none.
pub const DEFAULT_LIMIT: u32 = 50;
/// Largest page size.
pub const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page, in the order asked for.
    pub items: Vec<T>,
    /// Number of items that match, on all pages together.
    #[schema(example = 2)]
    pub total: u64,
    /// Largest number of items on a page.
    #[schema(example = 50)]
    pub limit: u32,
    /// Number of matching items before this page.
    #[schema(example = 0)]
    pub offset: u64,
}
