//! Where the power comes from. Linux tells it in files; elsewhere nothing is known, and nothing rests.
//! <https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-power>

use std::path::{Path, PathBuf};
use std::time::Duration;

use daypack_engine::power::Battery;

/// Somebody who knows the battery. Asked about once a minute (`every`), away from the deciding loop.
pub trait Power: Send + Sync {
    /// The battery now; `None` when there is none, or nothing is known.
    fn battery(&self) -> Option<Battery>;

    /// How often it is asked.
    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// The system itself.
pub struct System {
    root: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self { root: PathBuf::from("/sys/class/power_supply") }
    }
}

impl Power for System {
    fn battery(&self) -> Option<Battery> {
        let mut percents: Vec<u32> = Vec::new();
        let (mut is_draining, mut is_plugged) = (false, false);
        for entry in std::fs::read_dir(&self.root).ok()?.flatten() {
            let supply = entry.path();
            // Mice and headsets have batteries, too.
            if word(&supply, "scope").is_some_and(|scope| scope == "Device") {
                continue;
            }
            match word(&supply, "type").as_deref() {
                Some("Battery") => {
                    percents.extend(word(&supply, "capacity").and_then(|p| p.parse::<u32>().ok()));
                    is_draining |= word(&supply, "status").is_some_and(|s| s == "Discharging");
                }
                Some("Mains" | "USB") => is_plugged |= word(&supply, "online").is_some_and(|o| o == "1"),
                _ => {}
            }
        }
        let count = u32::try_from(percents.len()).ok().filter(|n| *n > 0)?;
        let percent = percents.iter().map(|p| (*p).min(100)).sum::<u32>() / count;
        Some(Battery { percent: u8::try_from(percent).ok()?, is_draining: is_draining && !is_plugged })
    }
}

fn word(supply: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(supply.join(name)).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(root: &Path, name: &str, files: &[(&str, &str)]) -> std::io::Result<()> {
        std::fs::create_dir_all(root.join(name))?;
        files
            .iter()
            .try_for_each(|(file, text)| std::fs::write(root.join(name).join(file), format!("{text}\n")))
    }

    #[test]
    fn batteries_chargers_and_mice_are_told_apart() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let system = System { root: dir.path().to_owned() };
        assert_eq!(system.battery(), None);
        let mouse = [("type", "Battery"), ("scope", "Device"), ("capacity", "4"), ("status", "Discharging")];
        supply(dir.path(), "hid-mouse", &mouse)?;
        supply(dir.path(), "AC", &[("type", "Mains"), ("online", "0")])?;
        assert_eq!(system.battery(), None, "a mouse runs no computer");
        supply(dir.path(), "BAT0", &[("type", "Battery"), ("capacity", "12"), ("status", "Discharging")])?;
        assert_eq!(system.battery(), Some(Battery { percent: 12, is_draining: true }));
        supply(dir.path(), "BAT1", &[("type", "Battery"), ("capacity", "88"), ("status", "Unknown")])?;
        assert_eq!(system.battery(), Some(Battery { percent: 50, is_draining: true }), "two are one");
        supply(dir.path(), "AC", &[("type", "Mains"), ("online", "1")])?;
        assert_eq!(system.battery(), Some(Battery { percent: 50, is_draining: false }));
        assert_eq!(System { root: dir.path().join("nowhere") }.battery(), None);
        Ok(())
    }
}
