//! The grades of a course as its site lists them: the learner's own table, kept to be read without a connection.

use serde::{Deserialize, Serialize};

use crate::TimeMs;

/// A course's grades at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gradebook {
    /// In the site's order; sums stand where the site puts them.
    pub rows: Vec<GradeRow>,
    /// When it was read, by the site's clock.
    pub at: TimeMs,
}

/// One line of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GradeRow {
    /// As the site names it; empty for the course's sum.
    pub name: String,
    /// What kind of line it is.
    pub kind: GradeKind,
    /// The activity's id in the course page, where it is one.
    pub cmid: Option<String>,
    /// The number; `None` where there is no grade yet, or none that is shown.
    pub value: Option<f64>,
    /// As the site writes it, e.g. `82.00` or `B+`; empty without a grade.
    pub shown: String,
    /// Least and best possible number.
    pub range: Option<(f64, f64)>,
    /// As the site writes it, e.g. `82.00 %`; may be empty.
    pub percent: String,
    /// How much it counts, as the site writes it; may be empty.
    pub weight: String,
    /// What was written beside it, as HTML; may be empty.
    pub feedback_html: String,
    /// When it was given, by the site's clock.
    pub given: Option<TimeMs>,
    /// The site has something here and does not show it.
    pub hidden: bool,
}

/// What a line of a gradebook stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradeKind {
    /// An activity.
    Activity,
    /// Something the teacher added by hand, or of another kind.
    #[default]
    Other,
    /// The sum of a group of lines.
    Category,
    /// The sum of the course.
    Course,
}
