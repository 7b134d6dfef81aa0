//! Whether the battery is to be spared: below [`LOW`] percent, until it is well above or the charger is back.

use serde::{Deserialize, Serialize};

/// Below so many percent downloads rest. Answers go on: they are small, and the computer may go dark soon.
pub const LOW: u8 = 20;
/// From so many percent they go on without a charger; apart from [`LOW`], so that they do not come and go.
pub const FINE: u8 = 25;

/// The battery as the system tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    /// 0 to 100.
    pub percent: u8,
    /// Nothing charges it.
    pub is_draining: bool,
}

/// Whether downloads rest; `before` is what held so far. A computer without a battery never rests.
pub fn is_low(battery: Option<Battery>, before: bool) -> bool {
    let limit = if before { FINE } else { LOW };
    battery.is_some_and(|b| b.is_draining && b.percent < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_begins_below_the_limit_and_ends_well_above_it_or_at_the_charger() {
        let on_battery = |percent| Some(Battery { percent, is_draining: true });
        assert!(!is_low(None, true));
        assert!(!is_low(on_battery(20), false));
        assert!(is_low(on_battery(19), false));
        assert!(is_low(on_battery(24), true), "the control: 24 would not begin it");
        assert!(!is_low(on_battery(24), false));
        assert!(!is_low(on_battery(25), true));
        assert!(!is_low(Some(Battery { percent: 3, is_draining: false }), true));
    }
}
