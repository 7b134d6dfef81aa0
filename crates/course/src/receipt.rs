//! The receipt file: when a piece of work was written, as a chain of its save events with the sites' dates between
//! them, for the case that it arrives late.
//!
//! What must stay true: each link's hash is SHA-256 over the hash before it (64 hexadecimal digits; none for the
//! first), a line feed, and the event as JSON as it stands in the file; so nothing can be put between, taken out or
//! moved without another last hash. It shows what this computer recorded; a site's date between two events shows
//! that the later ones were not recorded before it. It is no proof against somebody who makes up a whole chain.

use serde::{Deserialize, Serialize};

use crate::{Digest, TimeMs};

/// Something that happened to a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SaveEvent {
    /// Text or an answer was saved.
    Saved {
        /// Which text: a slot of the item, or a question.
        part: String,
        /// SHA-256 of it, UTF-8.
        digest: Digest,
        /// Its length in bytes.
        bytes: u64,
    },
    /// A site answered; its clock beside ours.
    Contact {
        /// Address of the site.
        site: String,
        /// By its `Date`.
        server: TimeMs,
    },
    /// The clock of this computer was set.
    ClockSet {
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// It was sealed for handing in.
    Sealed {
        /// SHA-256 of the sealed work.
        digest: Digest,
    },
    /// The site took it.
    Accepted {
        /// The site's number for it.
        remote: String,
        /// By the site's clock.
        server: TimeMs,
    },
    /// The site did not take it.
    Refused {
        /// By the site's clock.
        server: TimeMs,
    },
}

/// An event at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    /// By this computer's clock.
    pub at: TimeMs,
    /// What happened.
    #[serde(flatten)]
    pub event: SaveEvent,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The event, as JSON: exactly the bytes that were hashed.
    pub event: String,
    /// Over the link before and this event.
    pub hash: Digest,
}

/// A chain of save events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain {
    links: Vec<Link>,
}

impl Chain {
    /// Chains events in their order.
    pub fn of(events: &[Dated]) -> Result<Self, serde_json::Error> {
        let mut chain = Self::default();
        for event in events {
            let event = serde_json::to_string(event)?;
            let hash = link_hash(chain.head(), &event);
            chain.links.push(Link { event, hash });
        }
        Ok(chain)
    }

    /// All links.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The last hash; it stands for the whole chain.
    pub fn head(&self) -> Option<Digest> {
        self.links.last().map(|link| link.hash)
    }

    /// The place of the first link that does not fit; `None` when all do.
    pub fn broken_at(&self) -> Option<usize> {
        let mut before = None;
        self.links.iter().position(|link| {
            let fits = link_hash(before, &link.event) == link.hash;
            before = Some(link.hash);
            !fits
        })
    }
}

fn link_hash(before: Option<Digest>, event: &str) -> Digest {
    let before = before.map(|hash| hash.to_string()).unwrap_or_default();
    Digest::of(format!("{before}\n{event}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Dated> {
        let saved = |text: &str| SaveEvent::Saved {
            part: "text".into(),
            digest: Digest::of(text.as_bytes()),
            bytes: text.len() as u64,
        };
        let contact = SaveEvent::Contact { site: "https://a.example".into(), server: TimeMs(25) };
        [
            (10, saved("a")),
            (20, contact),
            (30, saved("ab")),
            (40, SaveEvent::Sealed { digest: Digest::of(b"w") }),
        ]
        .into_iter()
        .map(|(at, event)| Dated { at: TimeMs(at), event })
        .collect()
    }

    #[test]
    fn a_chain_fits_and_survives_its_file() {
        let chain = Chain::of(&events()).unwrap();
        let read: Chain = serde_json::from_str(&serde_json::to_string(&chain).unwrap()).unwrap();
        assert_eq!((read.broken_at(), read.links().len(), read.head()), (None, 4, chain.head()));
    }

    #[test]
    fn control_a_changed_moved_missing_or_added_event_is_found() {
        let chain = Chain::of(&events()).unwrap();
        for harm in 0..4 {
            let mut harmed = chain.clone();
            match harm {
                0 => harmed.links[1].event = harmed.links[1].event.replace("25", "24"),
                1 => harmed.links.swap(1, 2),
                2 => drop(harmed.links.remove(1)),
                _ => harmed.links.insert(2, harmed.links[0].clone()),
            }
            assert!(harmed.broken_at().is_some(), "harm {harm}");
        }
    }

    #[test]
    fn another_story_has_another_last_hash() {
        let mut other = events();
        other[0].at = TimeMs(11);
        assert_ne!(Chain::of(&events()).unwrap().head(), Chain::of(&other).unwrap().head());
    }
}
