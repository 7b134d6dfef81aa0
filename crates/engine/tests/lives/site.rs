//! A site without idempotency keys: whatever arrives takes effect, as often as it arrives. It knows nothing of
//! Daypack: names, places and typed text come in, a reply goes out, and the ledger says what took effect.

use std::collections::{BTreeMap, BTreeSet};

/// What the site does with one text, besides its moods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Takes it.
    Kind,
    /// Refuses it, always.
    Refuses,
    /// Asks for patience, always.
    Stalls,
    /// Breaks on it: no reply ever, no effect, and cannot be asked about it.
    Breaks,
    /// Takes it; while the activity is hidden it refuses to tell.
    Hides,
    /// Takes it; asked about it, it fails.
    Mute,
}

/// What the site answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Taken, or found: its number.
    Number(usize),
    /// Asked about: it is not there.
    NotThere,
    /// Against the rules of the place.
    Against,
    /// Not signed in (any more).
    WhoAreYou,
    /// A status of the web server; seconds to wait, where it says so.
    Status(u16, Option<i64>),
    /// The connection was cut without a reply.
    Cut,
}

/// One thing that took effect.
#[derive(Clone, Debug)]
pub struct Line {
    pub who: String,
    pub place: String,
    pub text: String,
}

#[derive(Default)]
pub struct Site {
    /// All effects, in order.
    pub ledger: Vec<Line>,
    pub tempers: BTreeMap<String, Temper>,
    /// Names whose sign-in has run out.
    pub expired: BTreeSet<String>,
    pub hidden: bool,
    /// What the web server does with the next request, if anything special.
    pub mood: Option<u16>,
}

impl Site {
    pub fn temper(&self, text: &str) -> Temper {
        self.tempers.get(text).copied().unwrap_or(Temper::Kind)
    }

    /// How often a text took effect.
    pub fn times(&self, text: &str) -> usize {
        self.ledger.iter().filter(|line| line.text == text).count()
    }

    fn number(&self, text: &str) -> Option<usize> {
        self.ledger.iter().position(|line| line.text == text)
    }

    /// Somebody hands in a text.
    pub fn take(&mut self, who: &str, place: &str, text: &str) -> Reply {
        if self.expired.contains(who) {
            return Reply::WhoAreYou;
        }
        match self.mood.take() {
            // The front end gives up while the work goes on behind it.
            Some(status @ (500 | 502 | 504)) => {
                if matches!(self.temper(text), Temper::Kind | Temper::Hides | Temper::Mute) && status != 502 {
                    self.write(who, place, text);
                }
                return Reply::Status(status, None);
            }
            Some(503) => return Reply::Status(503, Some(20)),
            Some(status) => return Reply::Status(status, None),
            None => {}
        }
        match self.temper(text) {
            Temper::Refuses => Reply::Against,
            Temper::Stalls => Reply::Status(503, None),
            Temper::Breaks => Reply::Cut,
            Temper::Kind | Temper::Hides | Temper::Mute => Reply::Number(self.write(who, place, text)),
        }
    }

    fn write(&mut self, who: &str, place: &str, text: &str) -> usize {
        self.ledger.push(Line { who: who.to_owned(), place: place.to_owned(), text: text.to_owned() });
        self.ledger.len() - 1
    }

    /// Somebody asks whether a text is there. A "no" is true when it is said.
    pub fn find(&self, who: &str, text: &str) -> Reply {
        match self.temper(text) {
            _ if self.expired.contains(who) => Reply::WhoAreYou,
            Temper::Breaks => Reply::Cut,
            Temper::Mute => Reply::Status(500, None),
            Temper::Hides if self.hidden => Reply::Against,
            _ => self.number(text).map_or(Reply::NotThere, Reply::Number),
        }
    }
}
