//! Who is who on the practice campus, and small things that many answers share.

use std::time::{SystemTime, UNIX_EPOCH};

/// A person with an account.
#[derive(Debug)]
pub struct User {
    /// Moodle's number.
    pub id: i64,
    /// Sign-in name.
    pub username: &'static str,
    /// Sign-in word; the campus is for practice, so it is printed at the start.
    pub password: &'static str,
    /// Given name.
    pub firstname: &'static str,
    /// Family name.
    pub lastname: &'static str,
    /// Whether the course lists this person.
    pub enrolled: bool,
}

/// The teacher.
pub const TEACHER: User = User {
    id: 3,
    username: "teacher1",
    password: "practice-teacher",
    firstname: "Tess",
    lastname: "Teacher",
    enrolled: true,
};

/// The people who may sign in.
pub const USERS: &[User] = &[
    User {
        id: 4,
        username: "student1",
        password: "practice-1",
        firstname: "Student",
        lastname: "One",
        enrolled: true,
    },
    User {
        id: 5,
        username: "student2",
        password: "practice-2",
        firstname: "Student",
        lastname: "Two",
        enrolled: true,
    },
    User {
        id: 7,
        username: "outsider",
        password: "practice-3",
        firstname: "Other",
        lastname: "Person",
        enrolled: false,
    },
];

impl User {
    /// "Given Family".
    pub fn fullname(&self) -> String {
        format!("{} {}", self.firstname, self.lastname)
    }

    /// The context id of the user's own files.
    pub fn context(&self) -> i64 {
        self.id + 8
    }
}

/// Finds a person by number.
pub fn user(id: i64) -> &'static User {
    static TESS: User = TEACHER;
    USERS.iter().find(|user| user.id == id).unwrap_or(&TESS)
}

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}

/// Name of the site.
pub const SITE_NAME: &str = "Practice Campus";
/// Revision in theme addresses.
pub const THEME_REV: &str = "1795344480";

/// `bytes` random bytes in hex.
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    if getrandom::fill(&mut buffer).is_err() {
        // No randomness on this system: the clock still tells two starts apart.
        for (at, byte) in now().to_le_bytes().iter().cycle().take(bytes).enumerate() {
            if let Some(slot) = buffer.get_mut(at) {
                *slot = *byte;
            }
        }
    }
    hex::encode(buffer)
}

/// A number as PHP writes it: no decimals where there are none.
pub fn number(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        #[allow(clippy::cast_possible_truncation)]
        let whole = value as i64;
        return whole.into();
    }
    value.into()
}

/// HTML-escapes text for an attribute or an element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// "Sunday, 22 November 2026, 10:48 AM" and the ISO form, in UTC.
pub fn long_date(at: i64) -> (String, String) {
    let (year, month, day) = civil(at.div_euclid(86_400));
    let second = at.rem_euclid(86_400);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let weekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let pick = |names: &[&'static str], at: i64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or("")
    };
    let weekday = pick(&weekdays, at.div_euclid(86_400).rem_euclid(7));
    let half = if hour < 12 { "AM" } else { "PM" };
    let clock = if hour % 12 == 0 { 12 } else { hour % 12 };
    (
        format!("{weekday}, {day} {} {year}, {clock}:{minute:02} {half}", pick(&months, month - 1)),
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}+00:00", second % 60),
    )
}

/// Year, month, day of a day number (Howard Hinnant's civil-from-days).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_read_as_recorded() {
        let (long, iso) = super::long_date(1_795_344_530);
        assert_eq!(long, "Sunday, 22 November 2026, 10:48 AM");
        assert_eq!(iso, "2026-11-22T10:48:50+00:00");
    }
}
