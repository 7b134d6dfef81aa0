//! Questions as the web service gives them: facts, and HTML of the recorded structure.
//! Must stay true: element order, classes and field names are those of the recordings (a test compares
//! the skeletons), and the right answer is in no HTML before the attempt is finished.

use serde_json::{Value, json};

use crate::campus::Campus;
use crate::course::{Body, Question, Quiz};
use crate::files::sha1_hex;
use crate::quiz::attempt::PER_PAGE;
use crate::quiz::marking::{Fields, Progress, fraction, progress, right_answer};
use crate::site::number;
use crate::world::{Attempt, Slot};

mod body;

/// Everything a question's HTML is made from.
struct View<'a> {
    campus: &'a Campus,
    attempt: &'a Attempt,
    question: &'a Question,
    slot: &'a Slot,
    /// From 1.
    at: usize,
    /// The number shown, or "i".
    label: String,
    answer: &'a Fields,
    review: bool,
}

/// The questions of a page, or of all pages.
pub fn questions(
    campus: &Campus,
    attempt: &Attempt,
    quiz: &Quiz,
    page: Option<usize>,
    review: bool,
) -> Vec<Value> {
    let mut shown = 0;
    let mut out = Vec::new();
    for (at, (question, slot)) in quiz.questions.iter().zip(&attempt.slots).enumerate() {
        let asks = !matches!(question.body, Body::Description);
        shown += usize::from(asks);
        if page.is_some_and(|page| at / PER_PAGE != page) {
            continue;
        }
        let label = if asks { shown.to_string() } else { "i".to_owned() };
        let answer = slot.autosave.as_ref().unwrap_or(&slot.answer);
        let view = View { campus, attempt, question, slot, at: at + 1, label, answer, review };
        out.push(view.facts(asks, shown));
    }
    out
}

impl View<'_> {
    fn facts(&self, asks: bool, shown: usize) -> Value {
        let (state, class, status) = self.state();
        let mut out = json!({
            "slot": self.at, "type": self.kind(), "page": (self.at - 1) / PER_PAGE,
            "questionnumber": self.label, "html": self.html(), "responsefileareas": [],
            "sequencecheck": self.slot.sequence, "lastactiontime": self.slot.time,
            "hasautosavedstep": self.slot.autosave.is_some(), "flagged": self.slot.flagged,
            "mark": self.slot.mark.filter(|_| self.review).map_or(String::new(), |mark| format!("{mark:.2}")),
            "maxmark": number(self.question.points), "settings": self.settings()
        });
        if let (true, Value::Object(map)) = (asks, &mut out) {
            map.insert("number".into(), shown.into());
            map.insert("state".into(), state.into());
            map.insert("stateclass".into(), class.into());
            map.insert("status".into(), status.into());
            map.insert("blockedbyprevious".into(), false.into());
        }
        out
    }

    fn kind(&self) -> &'static str {
        match self.question.body {
            Body::SingleChoice { .. } | Body::MultipleChoice { .. } => "multichoice",
            Body::TrueFalse { .. } => "truefalse",
            Body::ShortText { .. } => "shortanswer",
            Body::Number { .. } => "numerical",
            Body::Matching { .. } => "match",
            Body::Essay { .. } => "essay",
            Body::Description => "description",
        }
    }

    fn settings(&self) -> Value {
        match &self.question.body {
            Body::SingleChoice { .. } | Body::MultipleChoice { .. } => {
                r#"{"shuffleanswers":"1","answernumbering":"abc","showstandardinstruction":"1","layout":1}"#
                    .into()
            }
            Body::Number { .. } => {
                r#"{"unitgradingtype":"0","unitpenalty":"0.1000000","unitdisplay":"3","unitsleft":"0"}"#
                    .into()
            }
            Body::Matching { .. } => r#"{"shufflestems":"1"}"#.into(),
            Body::Essay { min_words, max_words } => format!(
                "{{\"responseformat\":\"editor\",\"responserequired\":\"1\",\"responsefieldlines\":\"10\",\
                 \"attachments\":\"0\",\"attachmentsrequired\":\"0\",\"maxbytes\":\"0\",\"filetypeslist\":[],\
                 \"responsetemplate\":\"\",\"responsetemplateformat\":\"1\",\"minwordlimit\":\"{}\",\
                 \"maxwordlimit\":\"{}\"}}",
                min_words.unwrap_or(0),
                max_words.unwrap_or(0)
            )
            .into(),
            _ => Value::Null,
        }
    }

    /// State word, class and sentence.
    fn state(&self) -> (&str, &'static str, &'static str) {
        match self.slot.outcome.as_deref() {
            Some(state @ ("gradedright" | "mangrright")) => (state, "correct", "Correct"),
            Some(state @ ("gradedwrong" | "mangrwrong")) => (state, "incorrect", "Incorrect"),
            Some(state @ ("gradedpartial" | "mangrpartial")) => {
                (state, "partiallycorrect", "Partially correct")
            }
            Some("needsgrading") => ("needsgrading", "requiresgrading", "Requires grading"),
            Some(_) => ("gaveup", "notanswered", "Not answered"),
            None => match progress(self.question, self.answer) {
                Progress::Todo => ("todo", "notyetanswered", "Not yet answered"),
                Progress::Invalid => ("invalid", "invalidanswer", "Incomplete answer"),
                Progress::Complete => ("complete", "answersaved", "Answer saved"),
            },
        }
    }

    /// `q7:3_`
    fn prefix(&self) -> String {
        format!("q{}:{}_", self.attempt.id, self.at)
    }

    fn html(&self) -> String {
        let (_, class, status) = self.state();
        let essay = matches!(self.question.body, Body::Essay { .. });
        let marked = self.slot.outcome.as_deref().is_some_and(|outcome| outcome != "gaveup");
        // A marked essay is shown as complete; its judgement is in the mark.
        let (class, status) = if essay && marked { ("complete", "Complete") } else { (class, status) };
        let (kind, prefix) = (self.kind(), self.prefix());
        let id = format!("question-{}-{}", self.attempt.id, self.at);
        let text = format!("<div class=\"clearfix\">{}</div>", paragraph(&self.question.text_html));
        let sequence = format!(
            "<input type=\"hidden\" name=\"{prefix}:sequencecheck\" value=\"{}\" />",
            self.slot.sequence
        );
        let flag = self.flag();
        if matches!(self.question.body, Body::Description) {
            let class = match (self.review, self.answer.is_empty()) {
                (true, _) => "complete",
                (false, true) => "notyetanswered",
                (false, false) => "answersaved",
            };
            let seen = if self.slot.answer.is_empty() && !self.review {
                format!(
                    "<div class=\"im-controls\"><input type=\"hidden\" name=\"{prefix}-seen\" value=\"1\" /></div>"
                )
            } else {
                String::new()
            };
            return format!(
                "<div id=\"{id}\" class=\"que description informationitem {class}\"><div class=\"info\"><h3 \
                 class=\"no\">Information</h3><div class=\"state\"></div>{flag}</div><div class=\"content\"><div \
                 class=\"formulation clearfix\"><h4 class=\"accesshide\">Information text</h4>{sequence}<div \
                 class=\"qtext\">{text}</div>{seen}</div></div></div>{}",
                self.scripts()
            );
        }
        let behaviour = if essay { "manualgraded" } else { "deferredfeedback" };
        let most = format!("{:.2}", self.question.points);
        let grade = match self.slot.mark.filter(|_| self.review) {
            Some(mark) => format!("Mark {mark:.2} out of {most}"),
            None => format!("Marked out of {most}"),
        };
        let text_id = match self.question.body {
            Body::Matching { .. } => format!(" id=\"{prefix}qtext\""),
            _ => String::new(),
        };
        format!(
            "<div id=\"{id}\" class=\"que {kind} {behaviour} {class}\"><div class=\"info\"><h3 \
             class=\"no\">Question <span class=\"qno\">{}</span></h3><div class=\"state\">{status}</div><div \
             class=\"grade\">{grade}</div>{flag}</div><div class=\"content\"><div class=\"formulation \
             clearfix\"><h4 class=\"accesshide\">Question text</h4>{sequence}<div \
             class=\"qtext\"{text_id}>{text}</div>{}</div>{}{}</div></div>{}",
            self.label,
            self.fields(),
            self.outcome(),
            self.comment(),
            self.scripts()
        )
    }

    fn flag(&self) -> String {
        let (prefix, on) = (self.prefix(), self.slot.flagged);
        let checksum = sha1_hex(format!("{prefix}flag").as_bytes());
        let image = self.campus.image("core", if on { "i/flagged" } else { "i/unflagged" });
        let checked = if on { " checked=\"checked\"" } else { "" };
        format!(
            "<div class=\"questionflag editable\"><input type=\"hidden\" name=\"{prefix}:flagged\" value=\"{}\" \
             /><input type=\"hidden\" value=\"qaid={at}&amp;qubaid={usage}&amp;qid={at}&amp;slot={at}&amp;checksum={}&amp;sesskey=SESSKEY000&amp;newstate=\" \
             class=\"questionflagpostdata\" /><input type=\"checkbox\" id=\"{prefix}:flaggedcheckbox\" \
             name=\"{prefix}:flagged\" value=\"1\"{checked} /><label id=\"{prefix}:flaggedlabel\" \
             for=\"{prefix}:flaggedcheckbox\"><img src=\"{image}\" alt=\"\" class=\"questionflagimage\" \
             id=\"{prefix}:flaggedimg\" /><span>{}</span></label>\n</div>",
            i32::from(on),
            checksum.get(..32).unwrap_or(""),
            if on { "Remove flag" } else { "Flag question" },
            at = self.at,
            usage = self.attempt.id,
        )
    }

    /// The inline scripts real question HTML ends with; a client must not run them.
    fn scripts(&self) -> String {
        format!(
            "<script>\n//<![CDATA[\nvar require = {{\n    baseUrl : '{}',\n    enforceDefine: true\n}};\n\n//]]>\n</script>\n\
             <script src=\"{}\"></script>\n<script>\n//<![CDATA[\nM.util.js_pending(\"core/first\");\n\
             require(['core/first'], function() {{\n    M.util.js_complete(\"core/first\");\n}});\n//]]>\n</script>\n",
            self.campus.url("/lib/requirejs.php/1795344480/"),
            self.campus.url("/lib/javascript.php/1795344480/lib/requirejs/require.min.js"),
        )
    }

    fn outcome(&self) -> String {
        if !self.review || matches!(self.question.body, Body::Essay { .. }) {
            return self.general_only();
        }
        let Some(outcome) = self.slot.outcome.as_deref() else { return String::new() };
        let mut parts = String::new();
        let sentence = match (&self.question.body, outcome) {
            (Body::ShortText { .. } | Body::Number { .. }, _) | (_, "needsgrading") => "",
            (Body::TrueFalse { .. }, "gradedright") => "That is right.",
            (Body::TrueFalse { .. }, "gaveup") => "",
            (Body::TrueFalse { .. }, _) => "That is wrong.",
            (_, "gradedright" | "mangrright") => "Your answer is correct.",
            (_, "gradedpartial" | "mangrpartial") => "Your answer is partially correct.",
            _ => "Your answer is incorrect.",
        };
        if !sentence.is_empty() {
            parts.push_str(&format!("<div class=\"specificfeedback clearfix\">{sentence}</div>"));
        }
        if !self.question.feedback_html.is_empty() {
            parts.push_str(&format!(
                "<div class=\"generalfeedback\"><div class=\"clearfix\">{}</div></div>",
                paragraph(&self.question.feedback_html)
            ));
        }
        if let Some(right) = right_answer(self.attempt.id, self.at, self.question) {
            parts.push_str(&format!("<div class=\"rightanswer\">{right}</div>"));
        }
        wrap_feedback(&parts)
    }

    fn general_only(&self) -> String {
        if !self.review || self.question.feedback_html.is_empty() {
            return String::new();
        }
        wrap_feedback(&format!(
            "<div class=\"generalfeedback\"><div class=\"clearfix\">{}</div></div>",
            paragraph(&self.question.feedback_html)
        ))
    }

    fn comment(&self) -> String {
        match self.slot.comment.as_ref().filter(|_| self.review) {
            Some(comment) => format!(
                "<div class=\"comment clearfix\"><h4 class=\"accesshide\">Comments</h4>Comment: {comment}</div>"
            ),
            None => String::new(),
        }
    }

    /// How right this answer is, when that may be shown.
    fn judged(&self) -> Option<f64> {
        let outcome = self.slot.outcome.as_deref().filter(|_| self.review)?;
        match outcome {
            "gaveup" => Some(0.0),
            _ => fraction(self.attempt.id, self.at, self.question, self.answer),
        }
    }
}

fn wrap_feedback(parts: &str) -> String {
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "<div class=\"outcome clearfix\"><h4 class=\"accesshide\">Feedback</h4><div \
         class=\"feedback\">{parts}</div></div>"
    )
}

/// Text without an element becomes a paragraph.
fn paragraph(html: &str) -> String {
    if html.trim_start().starts_with('<') { html.to_owned() } else { format!("<p>{html}</p>") }
}
