//! From Moodle's form to a question a learner can answer here.

use daypack_course::QuestionId;
use daypack_course::quiz::choice::{Choice, MultipleChoice, SingleChoice, TrueFalse};
use daypack_course::quiz::matching::{Matching, Side};
use daypack_course::quiz::number::Number;
use daypack_course::quiz::text::{Essay, ShortText};
use daypack_course::quiz::{Question, QuestionBody, Scoring};

use super::{Field, Slot};
use crate::moodle::{loose, words};

impl Slot {
    /// The question without its key (the site has it).
    pub fn question(&self) -> Question {
        let body = self.body().unwrap_or_else(|| QuestionBody::Unsupported { what: self.kind.clone() });
        let scoring = if matches!(body, QuestionBody::Essay(_)) { Scoring::Manual } else { Scoring::Server };
        Question {
            id: QuestionId::new(format!("slot{}", self.slot)),
            text_html: self.text_html.clone(),
            points: self.max_mark,
            scoring,
            feedback_html: String::new(),
            slot: Some(self.slot),
            page: self.page,
            body,
        }
    }

    /// `None` for what cannot be worked here in full.
    fn body(&self) -> Option<QuestionBody> {
        // Certainty marks, several tries: the form has fields we would not fill.
        if self.extra_fields() {
            return None;
        }
        match self.kind.as_str() {
            "description" => Some(QuestionBody::Description {}),
            "truefalse" => {
                Some(QuestionBody::TrueFalse(TrueFalse { key: None })).filter(|_| self.radio().len() == 2)
            }
            "multichoice" | "calculatedmulti" => self.choices(),
            "shortanswer" => self.one_line().then_some(QuestionBody::ShortText(ShortText { key: None })),
            "numerical" | "calculated" | "calculatedsimple" => self.number(),
            "match" | "randomsamatch" => self.matching(),
            "essay" => self.essay(),
            _ => self.places.clone(),
        }
    }

    /// The options of the field `answer`.
    pub(super) fn radio(&self) -> &[super::Opt] {
        self.fields
            .iter()
            .find_map(|f| match f {
                Field::Radio { name, options } if name == "answer" => Some(options.as_slice()),
                _ => None,
            })
            .unwrap_or(&[])
    }

    fn extra_fields(&self) -> bool {
        self.fields.iter().any(|f| match f {
            Field::Radio { name, .. } => name.starts_with('-'),
            Field::Hidden { name, .. } => name == "-tryagain",
            _ => false,
        })
    }

    fn one_line(&self) -> bool {
        let lines =
            self.fields.iter().filter(|f| matches!(f, Field::Line { name, .. } if name == "answer")).count();
        let rest = self.fields.iter().any(|f| {
            matches!(f, Field::Radio { .. } | Field::Select { .. } | Field::Area { .. } | Field::Tick { .. })
        }) || self
            .fields
            .iter()
            .any(|f| matches!(f, Field::Line { name, .. } if name != "answer"));
        lines == 1 && !rest
    }

    /// A line, and beside it a list of units or nothing.
    fn number(&self) -> Option<QuestionBody> {
        let mut lines = 0;
        let mut units = Vec::new();
        for field in &self.fields {
            match field {
                Field::Line { name, .. } if name == "answer" => lines += 1,
                Field::Radio { name, options } | Field::Select { name, options, .. } if name == "unit" => {
                    units.extend(options.iter().map(|o| o.value.clone()).filter(|v| !v.is_empty()));
                }
                Field::Hidden { .. } => {}
                _ => return None,
            }
        }
        (lines == 1).then(|| QuestionBody::Number(Number { unit: String::new(), units, key: None }))
    }

    fn choices(&self) -> Option<QuestionBody> {
        let one: Vec<Choice> = self.radio().iter().map(|o| choice(&o.value, &o.label_html)).collect();
        if !one.is_empty() {
            return Some(QuestionBody::SingleChoice(SingleChoice { choices: one, key: None }));
        }
        let many: Vec<Choice> = self
            .fields
            .iter()
            .filter_map(|f| match f {
                Field::Tick { name, label_html, .. } => Some(choice(name, label_html)),
                _ => None,
            })
            .collect();
        (!many.is_empty())
            .then_some(QuestionBody::MultipleChoice(MultipleChoice { choices: many, key: None }))
    }

    fn matching(&self) -> Option<QuestionBody> {
        let mut left = Vec::new();
        let mut right: Vec<Side> = Vec::new();
        for field in &self.fields {
            let Field::Select { name, label_html, options } = field else { continue };
            left.push(Side { id: name.clone(), text_html: label_html.clone() });
            for opt in options.iter().filter(|o| !matches!(o.value.as_str(), "" | "0")) {
                if !right.iter().any(|s| s.id == opt.value) {
                    right.push(Side { id: opt.value.clone(), text_html: opt.label_html.clone() });
                }
            }
        }
        (!left.is_empty() && !right.is_empty()).then_some(QuestionBody::Matching(Matching {
            left,
            right,
            key: None,
        }))
    }

    fn essay(&self) -> Option<QuestionBody> {
        let has_area = self.fields.iter().any(|f| matches!(f, Field::Area { name, .. } if name == "answer"));
        let wants_files = loose::int(&self.settings, "attachmentsrequired").unwrap_or(0) > 0;
        if !has_area || wants_files {
            return None;
        }
        let limit =
            |key| loose::int(&self.settings, key).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        Some(QuestionBody::Essay(Essay {
            min_words: limit("minwordlimit"),
            max_words: limit("maxwordlimit"),
            template: words::to_text(&loose::text(&self.settings, "responsetemplate")),
            takes_files: loose::int(&self.settings, "attachments").unwrap_or(0) != 0,
        }))
    }
}

fn choice(id: &str, label_html: &str) -> Choice {
    Choice { id: id.to_owned(), text_html: label_html.to_owned(), feedback_html: String::new() }
}
