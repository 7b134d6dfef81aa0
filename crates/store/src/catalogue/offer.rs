//! What sites and libraries offer and is not taken along yet.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::{all, int, json, run, to_json, uint};
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE offers (
  source  TEXT    NOT NULL, -- account or library
  id      TEXT    NOT NULL, -- within the source
  place   INTEGER NOT NULL, -- order within the source
  title   TEXT    NOT NULL,
  summary TEXT    NOT NULL,
  size    INTEGER,          -- bytes, when the source says
  detail  TEXT    NOT NULL, -- JSON: what the connector needs to fetch it
  PRIMARY KEY (source, id)
) STRICT;
";

/// A course that can be taken along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Account or library.
    pub source: String,
    /// Within the source.
    pub id: String,
    /// Shown title.
    pub title: String,
    /// One or two sentences; may be empty.
    pub summary: String,
    /// Bytes, when the source says.
    pub size: Option<u64>,
    /// What the connector needs to fetch it.
    pub detail: Value,
}

impl Store {
    /// Replaces all offers of one source, whatever `source` an offer itself names.
    pub fn offers_replace(&self, source: &str, offers: &[Offer]) -> Result<(), StoreError> {
        self.catalogue.write(|tx| {
            run(tx, "DELETE FROM offers WHERE source = ?1", [source])?;
            for (place, offer) in offers.iter().enumerate() {
                run(
                    tx,
                    "INSERT INTO offers (source, id, place, title, summary, size, detail)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (source, id) DO NOTHING",
                    (
                        source,
                        &offer.id,
                        int(place as u64),
                        &offer.title,
                        &offer.summary,
                        offer.size.map(int),
                        to_json(&offer.detail)?,
                    ),
                )?;
            }
            Ok(())
        })
    }

    /// All offers, by source and in the source's order.
    pub fn offers(&self) -> Result<Vec<Offer>, StoreError> {
        self.catalogue.read(|c| {
            let sql = "SELECT source, id, title, summary, size, detail FROM offers ORDER BY source, place";
            all(c, sql, [], |row| {
                Ok(Offer {
                    source: row.get(0)?,
                    id: row.get(1)?,
                    title: row.get(2)?,
                    summary: row.get(3)?,
                    size: row.get::<_, Option<i64>>(4)?.map(uint),
                    detail: json(row, 5)?,
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_new_list_of_one_source_replaces_its_old_one_only() {
        let (_dir, store) = shelf();
        let offer = |source: &str, id: &str| Offer {
            source: source.into(),
            id: id.into(),
            title: id.into(),
            summary: String::new(),
            size: Some(7),
            detail: json!({"n": 1}),
        };
        store.offers_replace("a", &[offer("a", "2"), offer("a", "1")]).unwrap();
        store.offers_replace("b", &[offer("b", "1")]).unwrap();
        store.offers_replace("a", &[offer("a", "3"), offer("a", "2"), offer("a", "2")]).unwrap();
        assert_eq!(store.offers().unwrap(), [offer("a", "3"), offer("a", "2"), offer("b", "1")]);
    }
}
