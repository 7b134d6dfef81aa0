//! The part of a question a learner fills in, by kind.
//! Must stay true: values are positions in the attempt's shuffled order; read-only in a review.

use super::View;
use crate::course::{Body, Choice};
use crate::html_clean::clean;
use crate::quiz::marking::{match_order, order};
use crate::site::escape;

const RIGHT: &str = "<i class=\"icon fa-regular fa-circle-check text-success fa-fw \"  title=\"Correct\" role=\"img\" aria-label=\"Correct\"></i>";
const WRONG: &str = "<i class=\"icon fa-regular fa-circle-xmark text-danger fa-fw \"  title=\"Incorrect\" role=\"img\" aria-label=\"Incorrect\"></i>";

fn mark(right: bool) -> (&'static str, &'static str) {
    if right { ("correct", RIGHT) } else { ("incorrect", WRONG) }
}

impl View<'_> {
    /// The fields of the question.
    pub(super) fn fields(&self) -> String {
        match &self.question.body {
            Body::SingleChoice { choices, .. } => self.choices(choices, false),
            Body::MultipleChoice { choices, .. } => self.choices(choices, true),
            Body::TrueFalse { .. } => self.true_false(),
            Body::ShortText { .. } => self.line(80),
            Body::Number { .. } => self.line(30),
            Body::Matching { left, right, .. } => self.matching(left, right),
            Body::Essay { .. } => self.essay(),
            Body::Description => String::new(),
        }
    }

    fn given(&self, field: &str) -> &str {
        self.answer.get(field).map_or("", String::as_str)
    }

    fn disabled(&self) -> &'static str {
        if self.review { " disabled=\"disabled\"" } else { "" }
    }

    fn is_right(&self, choice: &Choice) -> bool {
        match &self.question.body {
            Body::SingleChoice { key: Some(key), .. } => key.choice == choice.id,
            Body::MultipleChoice { key: Some(key), .. } => key.choices.contains(&choice.id),
            _ => false,
        }
    }

    fn choices(&self, choices: &[Choice], many: bool) -> String {
        let prefix = self.prefix();
        let shuffled = order(self.attempt.id, self.at, "choice", choices.len());
        let mut rows = String::new();
        for (at, choice) in shuffled.iter().filter_map(|at| choices.get(*at)).enumerate() {
            let (kind, field, value) = match many {
                true => ("checkbox", format!("choice{at}"), "1".to_owned()),
                false => ("radio", "answer".to_owned(), at.to_string()),
            };
            let on = self.given(&field) == value;
            let name = format!("{prefix}{field}");
            let id = if many { name.clone() } else { format!("{name}{at}") };
            let hidden = match many && !self.review {
                true => format!("<input type=\"hidden\" name=\"{name}\" value=\"0\" />"),
                false => String::new(),
            };
            let judged = self.review && on && self.slot.mark.is_some();
            let (word, icon) = mark(self.is_right(choice));
            let class = if judged { format!("r{} {word}", at % 2) } else { format!("r{}", at % 2) };
            let mut after =
                if judged { format!("<span class=\"ms-1\">{icon}</span>") } else { String::new() };
            if self.review && on && !choice.feedback_html.is_empty() {
                after.push_str(&format!("<div class=\"specificfeedback\">{}</div>", choice.feedback_html));
            }
            let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or(0));
            rows.push_str(&format!(
                "<div class=\"{class}\">{hidden}<input type=\"{kind}\" name=\"{name}\"{} value=\"{value}\" \
                 id=\"{id}\" aria-labelledby=\"{id}_label\"{} /><div class=\"d-flex w-auto\" id=\"{id}_label\" \
                 data-region=\"answer-label\"><span class=\"answernumber\">{letter}. </span><div \
                 class=\"flex-fill ms-1\">{}</div></div> {after}</div>\n",
                self.disabled(),
                if on { " checked=\"checked\"" } else { "" },
                choice.text_html
            ));
        }
        let clear = if many || self.review { String::new() } else { self.clear_choice() };
        format!(
            "<fieldset class=\"ablock no-overflow visual-scroll-x\"><legend class=\"prompt h6 \
             font-weight-normal \"><span class=\"sr-only\">Question {}</span> {}</legend><div \
             class=\"answer\">{rows}</div>{clear}</fieldset>",
            self.label,
            if many { "Select one or more:" } else { "Select one:" }
        )
    }

    fn clear_choice(&self) -> String {
        let prefix = self.prefix();
        let none = self.given("answer").is_empty();
        let (class, hidden, checked, tab) = match none {
            true => (" sr-only", " aria-hidden=\"true\"", " checked=\"checked\"", "-1"),
            false => ("", "", "", "0"),
        };
        format!(
            "<div id=\"{prefix}clearchoice\" class=\"qtype_multichoice_clearchoice{class}\"{hidden}><input \
             type=\"radio\" name=\"{prefix}answer\" id=\"{prefix}answer-1\" value=\"-1\" class=\"sr-only\" \
             aria-hidden=\"true\"{checked} /><label for=\"{prefix}answer-1\"><a tabindex=\"{tab}\" \
             role=\"button\" class=\"btn btn-link ms-3 mt-n1\" href=\"#\">Clear my choice</a></label></div>"
        )
    }

    fn true_false(&self) -> String {
        let prefix = self.prefix();
        let mut rows = String::new();
        for (at, (value, word)) in [("1", "True"), ("0", "False")].iter().enumerate() {
            let on = self.given("answer") == *value;
            let judged = self.judged().filter(|_| on).map(|fraction| mark(fraction > 0.5));
            let id = format!("{prefix}answer{}", word.to_lowercase());
            rows.push_str(&format!(
                "<div class=\"r{at}{}\"><input type=\"radio\" name=\"{prefix}answer\" value=\"{value}\" \
                 id=\"{id}\"{}{} /><label for=\"{id}\" class=\"ms-1\">{word}</label> {}</div>",
                judged.map_or(String::new(), |(class, _)| format!(" {class}")),
                self.disabled(),
                if on { " checked=\"checked\"" } else { "" },
                judged.map_or("", |(_, icon)| icon)
            ));
        }
        format!(
            "<fieldset class=\"ablock\"><legend class=\"prompt h6 font-weight-normal sr-only\"><span \
             class=\"sr-only\">Question {}</span> Answer</legend><div class=\"answer\">{rows}</div></fieldset>",
            self.label
        )
    }

    fn line(&self, size: u32) -> String {
        let prefix = self.prefix();
        let value = match self.given("answer") {
            "" => String::new(),
            text => format!(" value=\"{}\"", escape(text)),
        };
        let judged = self.judged().map(|fraction| mark(fraction > 0.5));
        let input = format!(
            "<span class=\"answer\"><input type=\"text\" name=\"{prefix}answer\"{value} id=\"{prefix}answer\" \
             size=\"{size}\" class=\"form-control d-inline{}\"{} />{}</span>",
            judged.map_or(String::new(), |(class, _)| format!(" {class}")),
            if self.review { " readonly=\"readonly\"" } else { "" },
            judged.map_or("", |(_, icon)| icon)
        );
        let label = format!(
            "<label for=\"{prefix}answer\">Answer: <span class=\"sr-only\">Question {}</span>",
            self.label
        );
        // A short answer's field stands inside its label, a number's beside it.
        let inner = match size {
            80 => format!("{label}{input}</label>"),
            _ => format!("{label}</label>{input}"),
        };
        format!("<div class=\"ablock d-flex flex-wrap align-items-center\">{inner}</div>")
    }

    fn matching(&self, left: &[Choice], right: &[Choice]) -> String {
        let prefix = self.prefix();
        let (stems, options) = match_order(self.attempt.id, self.at, left.len(), right.len());
        let pairs = match &self.question.body {
            Body::Matching { key: Some(key), .. } => Some(&key.pairs),
            _ => None,
        };
        let mut rows = String::new();
        for (at, stem) in stems.iter().filter_map(|at| left.get(*at)).enumerate() {
            let given = self.given(&format!("sub{at}")).parse::<usize>().unwrap_or(0);
            let mut list = format!("<option{} value=\"0\">Choose...</option>", selected(given == 0));
            let mut picked = None;
            for (value, option) in (1_usize..).zip(options.iter().filter_map(|at| right.get(*at))) {
                if value == given {
                    picked = Some(&option.id);
                }
                list.push_str(&format!(
                    "<option{} value=\"{value}\">{}</option>",
                    selected(value == given),
                    option.text_html
                ));
            }
            let judged = picked.filter(|_| self.review && self.slot.mark.is_some());
            let judged = judged.map(|id| mark(pairs.and_then(|pairs| pairs.get(&stem.id)) == Some(id)));
            let field = format!("{prefix}sub{at}");
            let described =
                if at == 0 { format!("{prefix}qtext {field}_itemtext") } else { format!("{field}_itemtext") };
            rows.push_str(&format!(
                "<tr class=\"r{}\" role=\"presentation\"><td class=\"text\" id=\"{field}_itemtext\" \
                 role=\"presentation\">{}</td><td class=\"control{}\" role=\"presentation\"><label \
                 class=\"accesshide\" for=\"menu{field}\">Answer {} Question {}</label><select{} class=\"select \
                 custom-select custom-select ms-1\" aria-describedby=\"{described}\" id=\"menu{field}\" \
                 name=\"{field}\">{list}</select> {}</td></tr>",
                at % 2,
                stem.text_html,
                judged.map_or(String::new(), |(class, _)| format!(" {class}")),
                at + 1,
                self.label,
                self.disabled(),
                judged.map_or("", |(_, icon)| icon)
            ));
        }
        format!(
            "<div class=\"ablock\"><table class=\"answer\" role=\"presentation\"><tbody \
             role=\"presentation\">{rows}</tbody></table></div>"
        )
    }

    fn essay(&self) -> String {
        let (prefix, text) = (self.prefix(), self.given("answer"));
        let area = if self.review {
            format!(
                "<h4 id=\"{prefix}answer_label\" class=\"sr-only\">Answer text Question {}</h4><div \
                 role=\"textbox\" aria-readonly=\"true\" aria-labelledby=\"{prefix}answer_label\" \
                 class=\"qtype_essay_editor qtype_essay_response readonly\" style=\"min-height: \
                 15em;\">{}</div>",
                self.label,
                clean(text)
            )
        } else {
            format!(
                "<label class=\"sr-only\" for=\"{prefix}answer_id\">Answer text Question {}</label><div \
                 class=\"qtype_essay_editor qtype_essay_response\"><div><textarea id=\"{prefix}answer_id\" \
                 name=\"{prefix}answer\" rows=\"10\" cols=\"60\" \
                 class=\"form-control\">{}</textarea></div><div><input type=\"hidden\" \
                 name=\"{prefix}answerformat\" value=\"1\" /></div></div>",
                self.label,
                escape(text)
            )
        };
        format!(
            "<div class=\"ablock\"><div class=\"answer\">{area}</div><div class=\"attachments\"></div></div>"
        )
    }
}

fn selected(on: bool) -> &'static str {
    if on { " selected=\"selected\"" } else { "" }
}
