//! Reading and marking an answer in Moodle's field names.
//! Must stay true: a value is a position in this attempt's shuffled order, never a choice's id.

use std::collections::BTreeMap;

use crate::course::{Body, Choice, Question};
use crate::files::sha1_hex;

/// Fields of a slot without their prefix.
pub type Fields = BTreeMap<String, String>;

/// The shuffled order of `n` things in a slot, the same each time it is asked.
pub fn order(attempt: i64, slot: usize, part: &str, n: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    all.sort_by_key(|at| sha1_hex(format!("{attempt}:{slot}:{part}:{at}").as_bytes()));
    all
}

/// Only what is an answer to this question, without fields that say "nothing".
pub fn response(question: &Question, fields: &Fields) -> Fields {
    let says_nothing = |name: &str, value: &str| match &question.body {
        Body::SingleChoice { .. } => value == "-1" || value.is_empty(),
        Body::MultipleChoice { .. } | Body::Matching { .. } => value == "0" || value.is_empty(),
        Body::Description => value != "1",
        Body::Essay { .. } => name == "answer" && value.trim().is_empty(),
        _ => value.trim().is_empty(),
    };
    let mut out: Fields = fields
        .iter()
        .filter(|(name, value)| known(question, name) && !says_nothing(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if matches!(question.body, Body::Essay { .. }) && !out.contains_key("answer") {
        out.clear();
    }
    out
}

fn known(question: &Question, name: &str) -> bool {
    let numbered = |prefix: &str, n: usize| {
        name.strip_prefix(prefix).and_then(|rest| rest.parse::<usize>().ok()).is_some_and(|at| at < n)
    };
    match &question.body {
        Body::MultipleChoice { choices, .. } => numbered("choice", choices.len()),
        Body::Matching { left, .. } => numbered("sub", left.len()),
        Body::Essay { .. } => name == "answer" || name == "answerformat",
        Body::Description => name == "-seen",
        _ => name == "answer",
    }
}

/// How far a running answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing given.
    Todo,
    /// Enough given.
    Complete,
    /// Something given, not enough.
    Invalid,
}

/// How far an answer is.
pub fn progress(question: &Question, answer: &Fields) -> Progress {
    if answer.is_empty() {
        return Progress::Todo;
    }
    let invalid = match &question.body {
        Body::Matching { left, .. } => answer.len() < left.len(),
        Body::Number { .. } => parse_number(answer.get("answer").map_or("", String::as_str)).is_none(),
        _ => false,
    };
    if invalid { Progress::Invalid } else { Progress::Complete }
}

/// What an answer is worth: a fraction, or `None` where a person must mark.
pub fn fraction(attempt: i64, slot: usize, question: &Question, answer: &Fields) -> Option<f64> {
    let given = answer.get("answer").map_or("", String::as_str);
    match &question.body {
        Body::SingleChoice { choices, key } => {
            let key = key.as_ref()?;
            Some(yes(chosen(attempt, slot, choices, given).is_some_and(|choice| choice.id == key.choice)))
        }
        Body::MultipleChoice { choices, key } => {
            let key = key.as_ref()?;
            let (mut right, mut wrong) = (0_u32, 0_u32);
            for (at, index) in order(attempt, slot, "choice", choices.len()).into_iter().enumerate() {
                if answer.get(&format!("choice{at}")).is_some_and(|value| value == "1") {
                    match choices.get(index).is_some_and(|choice| key.choices.contains(&choice.id)) {
                        true => right += 1,
                        false => wrong += 1,
                    }
                }
            }
            let rights = key.choices.len().max(1);
            let wrongs = choices.len().saturating_sub(key.choices.len()).max(1);
            #[allow(clippy::cast_precision_loss)]
            let sum = f64::from(right) / rights as f64 - f64::from(wrong) / wrongs as f64;
            Some(sum.clamp(0.0, 1.0))
        }
        Body::TrueFalse { key } => Some(yes((given == "1") == key.as_ref()?.value)),
        Body::ShortText { key } => {
            let key = key.as_ref()?;
            let fold = |text: &str| {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if key.case_sensitive { text } else { text.to_lowercase() }
            };
            Some(yes(key.accepted.iter().any(|accepted| fold(accepted) == fold(given))))
        }
        Body::Number { key } => {
            let key = key.as_ref()?;
            let number = parse_number(given);
            Some(yes(number.is_some_and(|number| (number - key.value).abs() <= key.tolerance.abs() + 1e-9)))
        }
        Body::Matching { left, right, key } => {
            let key = key.as_ref()?;
            let (stems, options) = match_order(attempt, slot, left.len(), right.len());
            let mut hits = 0_u32;
            for (at, stem) in stems.iter().enumerate() {
                let value = answer.get(&format!("sub{at}")).and_then(|value| value.parse::<usize>().ok());
                let option = value.and_then(|value| options.get(value.checked_sub(1)?));
                let option = option.and_then(|at| right.get(*at));
                let wanted = left.get(*stem).and_then(|stem| key.pairs.get(&stem.id));
                hits += u32::from(wanted.is_some() && option.map(|option| &option.id) == wanted);
            }
            #[allow(clippy::cast_precision_loss)]
            Some(f64::from(hits) / left.len().max(1) as f64)
        }
        Body::Essay { .. } => None,
        Body::Description => Some(0.0),
    }
}

fn yes(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

/// The order of stems and of options.
pub fn match_order(attempt: i64, slot: usize, left: usize, right: usize) -> (Vec<usize>, Vec<usize>) {
    (order(attempt, slot, "stem", left), order(attempt, slot, "option", right))
}

/// The choice at a shown position.
pub fn chosen<'a>(attempt: i64, slot: usize, choices: &'a [Choice], value: &str) -> Option<&'a Choice> {
    let at: usize = value.parse().ok()?;
    order(attempt, slot, "choice", choices.len()).get(at).and_then(|index| choices.get(*index))
}

fn parse_number(text: &str) -> Option<f64> {
    let first = text.trim().replace(',', ".");
    let number = first.split_whitespace().next()?.to_owned();
    number.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The sentence after "The correct answer ..." and whether there are several.
pub fn right_answer(attempt: i64, slot: usize, question: &Question) -> Option<String> {
    Some(match &question.body {
        Body::SingleChoice { choices, key } => {
            let right =
                choices.iter().find(|choice| Some(&choice.id) == key.as_ref().map(|key| &key.choice))?;
            format!("The correct answer is: {}", right.text_html)
        }
        Body::MultipleChoice { choices, key } => {
            let key = key.as_ref()?;
            let right: Vec<&str> = choices
                .iter()
                .filter(|choice| key.choices.contains(&choice.id))
                .map(|choice| choice.text_html.as_str())
                .collect();
            let many = if right.len() == 1 { "answer is" } else { "answers are" };
            format!("The correct {many}: {}", right.join(", "))
        }
        Body::TrueFalse { key } => {
            format!("The correct answer is '{}'.", if key.as_ref()?.value { "True" } else { "False" })
        }
        Body::ShortText { key } => {
            format!("The correct answer is: {}", crate::site::escape(key.as_ref()?.accepted.first()?))
        }
        Body::Number { key } => format!("The correct answer is: {}", key.as_ref()?.value),
        Body::Matching { left, right, key } => {
            let key = key.as_ref()?;
            let (stems, _) = match_order(attempt, slot, left.len(), right.len());
            let pairs: Vec<String> = stems
                .iter()
                .filter_map(|at| left.get(*at))
                .filter_map(|stem| {
                    let wanted = key.pairs.get(&stem.id)?;
                    let option = right.iter().find(|option| option.id == *wanted)?;
                    Some(format!("{} &#x2192; {}", stem.text_html, option.text_html))
                })
                .collect();
            format!("The correct answer is: {}", pairs.join(", "))
        }
        Body::Essay { .. } | Body::Description => return None,
    })
}
