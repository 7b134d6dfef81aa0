//! Identifiers as types, so that a course is never taken for an item.
//!
//! All are opaque strings; ids that come from a site are scoped by that site before they get here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// Wraps an opaque identifier.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    };
}

id!(
    /// One course on this computer: `<source>:<id within the source>`.
    CourseId
);
id!(
    /// A section within one course.
    SectionId
);
id!(
    /// An item within one course.
    ItemId
);
id!(
    /// A file of a course, unique within the course; usually its path there.
    AssetId
);
id!(
    /// A question within one quiz.
    QuestionId
);
id!(
    /// One attempt at a quiz, made on this computer (UUIDv7).
    AttemptId
);
id!(
    /// One piece of work to be sent (UUIDv7): made once, never reused, sent at most once with effect.
    WorkId
);
id!(
    /// One learner's account at one site.
    AccountId
);

impl AccountId {
    /// No account yet: work that was sealed before anybody was signed in at its site.
    pub fn nobody() -> Self {
        Self(String::new())
    }

    /// Whether it stands for no account yet.
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }
}
