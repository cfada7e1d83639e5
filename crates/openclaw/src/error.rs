//! What goes wrong with a gateway, told so that a caller knows what it can do.

mod answer;
mod call;
mod connect;

pub(crate) use answer::can_be_typed;
pub use call::{CallError, Refusal};
pub use connect::ConnectError;
