//! Things to bring into order.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::choice::Choice;

/// Things to bring into order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Ordering {
    /// As shown at first.
    pub items: Vec<Choice>,
}
