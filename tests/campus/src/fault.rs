//! The refusals of the campus, in the words of the recordings.
//! Must stay true: every fault has the exception class, code and sentence that a Moodle 4.5 gave.

use serde_json::{Value, json};

/// An exception as a web service answers it (always with HTTP 200).
#[derive(Debug, Clone)]
pub struct Fault {
    /// PHP class name.
    pub exception: String,
    /// Absent for errors of the language itself.
    pub errorcode: Option<String>,
    /// English sentence.
    pub message: String,
}

const MOODLE: &str = "core\\exception\\moodle_exception";
const LOGIN: &str = "core\\exception\\require_login_exception";
const PARAM: &str = "core\\exception\\invalid_parameter_exception";
const CAPABILITY: &str = "core\\exception\\required_capability_exception";
const RECORD: &str = "dml_missing_record_exception";
const WRITE: &str = "dml_write_exception";
const ACCESS: &str = "webservice_access_exception";

/// The confirmation an offline quiz demands; it is its own error code.
pub const CONFIRM: &str = "Please check and confirm that you do not have any unsaved work.";

/// Codes with their class and sentence, as recorded.
const KNOWN: &[(&str, &str, &str)] = &[
    ("invalidtoken", MOODLE, "Invalid token - token not found"),
    ("accessexception", ACCESS, "Access control exception"),
    ("sitemaintenance", MOODLE, "The site is undergoing maintenance and is currently not available"),
    ("invalidparameter", PARAM, "Invalid parameter value detected"),
    ("requireloginerror", LOGIN, "Course or activity not accessible."),
    ("attemptalreadyclosed", MOODLE, "This attempt has already been finished."),
    ("attemptstillinprogress", MOODLE, "Attempt still in progress"),
    ("attempterror", MOODLE, "You are not allowed to attempt this quiz at this time because: {$a}"),
    ("stateoverdue", MOODLE, "Overdue"),
    ("notyourattempt", MOODLE, "This is not your attempt!"),
    ("noreviewattempt", MOODLE, "You are not allowed to review this attempt."),
    (
        "submissionoutofsequencefriendlymessage",
        MOODLE,
        "You have entered data outside the normal sequence. This can occur if you use your browser's Back or \
         Forward buttons; please don't use these during the test. It can also happen if you click on something \
         while a page is loading. Click <strong>Continue</strong> to resume.",
    ),
    ("dmlwriteexception", WRITE, "Error writing to database"),
    ("invalidrecord", RECORD, "Can't find data record in database table course."),
    ("invalidrecordunknown", RECORD, "Can't find data record in database."),
    ("cannotcreatediscussion", MOODLE, "Could not create new discussion"),
    ("forumblockingtoomanyposts", MOODLE, "You have exceeded the posting threshold set for this forum"),
    ("invalidparentpostid", MOODLE, "Parent post ID was incorrect"),
    ("cannotmanualctrack", MOODLE, "Activity does not provide manual completion tracking"),
    ("accessdenied", MOODLE, "Access denied"),
    ("maxareabytes", MOODLE, "The file is larger than the space remaining in this area."),
    ("nopermissiontoviewgrades", MOODLE, "Cannot view grades."),
    (
        "nopermissions",
        CAPABILITY,
        "Sorry, but you do not currently have permissions to do that (View activity completion reports).",
    ),
    (
        "errorcoursecontextnotvalid",
        MOODLE,
        "You cannot execute functions in the course context (course id:2). The context error message was: \
         Course or activity not accessible.",
    ),
    ("wsaccessusersuspended", MOODLE, "Refused web service access for suspended username: student1"),
    (CONFIRM, MOODLE, "quiz/Please check and confirm that you do not have any unsaved work."),
    ("Invalid page number", MOODLE, "quiz/Invalid page number"),
];

impl Fault {
    /// The recorded fault of that code; `None` if no recording has it.
    pub fn known(code: &str) -> Option<Self> {
        KNOWN.iter().find(|(known, ..)| *known == code).map(|(code, class, message)| Self {
            exception: (*class).to_owned(),
            errorcode: Some((*code).to_owned()),
            message: (*message).to_owned(),
        })
    }

    /// The fault of a code in the table; a code missing there becomes a generic refusal.
    pub fn of(code: &str) -> Self {
        Self::known(code).unwrap_or_else(|| Self {
            exception: MOODLE.to_owned(),
            errorcode: Some(code.to_owned()),
            message: code.to_owned(),
        })
    }

    /// "Can't find data record in database table X."
    pub fn no_record(table: &str) -> Self {
        Self {
            exception: RECORD.to_owned(),
            errorcode: Some("invalidrecord".to_owned()),
            message: format!("Can't find data record in database table {table}."),
        }
    }

    /// The course is not open to the caller.
    pub fn course_closed(course: i64) -> Self {
        Self::course_closed_for(course, "Course or activity not accessible.")
    }

    /// The same, for a reason.
    pub fn course_closed_for(course: i64, why: &str) -> Self {
        Self {
            message: format!(
                "You cannot execute functions in the course context (course id:{course}). The context error \
                 message was: {why}"
            ),
            ..Self::of("errorcoursecontextnotvalid")
        }
    }

    /// A suspended account.
    pub fn suspended(username: &str) -> Self {
        Self {
            message: format!("Refused web service access for suspended username: {username}"),
            ..Self::of("wsaccessusersuspended")
        }
    }

    /// An error of the language itself, without a code.
    pub fn bare(message: &str) -> Self {
        Self { exception: "Error".to_owned(), errorcode: None, message: message.to_owned() }
    }

    /// The body a REST call answers.
    pub fn rest(&self) -> Value {
        match &self.errorcode {
            Some(code) => {
                json!({"exception": self.exception, "errorcode": code, "message": self.message})
            }
            None => json!({"exception": self.exception, "message": self.message}),
        }
    }

    /// The body the other scripts (sign-in, upload, files) answer.
    pub fn script(&self) -> Value {
        script_error(self.errorcode.as_deref().unwrap_or("error"), &self.message)
    }
}

/// The error shape of the scripts that are not the REST endpoint.
pub fn script_error(code: &str, message: &str) -> Value {
    json!({"error": message, "errorcode": code, "stacktrace": null, "debuginfo": null, "reproductionlink": null})
}
