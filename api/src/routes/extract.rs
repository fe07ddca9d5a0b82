//! What handlers take from a request. Everything that one of these refuses is a problem of the API.

mod body;
mod duplicates;
mod fault;
mod if_match;
mod node;
mod params;
mod path;

pub use body::{JsonBody, MAX_BODY_BYTES, MergePatch, YamlBody, read_as, try_read_as};
pub use fault::Fault;
pub use if_match::{IfMatch, etag};
pub use params::{FromParams, Params, Query, bad as bad_parameter};
pub use path::{PathId, PathIds};
