//! What is known of each instance from its requests and checks, and whether it may be asked.
//!
//! | module | does |
//! |---|---|
//! | [`gate`] | the circuit breaker, as pure logic |
//! | [`health`] | one instance: breaker, pools and limits behind one short lock |
//! | [`attempt`] | one attempt at one instance: reported once, whatever happens to it |
//! | [`block`] | why an instance is not asked at a moment |
//! | [`tally`], [`watched`] | what its checks say of it |
//! | `judge` | what is shown of it |
//! | [`board`] | all instances |

pub mod attempt;
pub mod block;
pub mod board;
pub mod gate;
pub mod health;
mod judge;
pub mod tally;
pub mod watched;

pub use attempt::Attempt;
pub use block::Block;
pub use board::Board;
pub use health::Health;
