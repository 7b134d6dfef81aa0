//! Putting things on a picture: pieces into given places, or markers anywhere.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::blanks::Piece;

/// Pieces belong to places on a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Picture {
    /// Address of the picture.
    pub image: String,
    /// In the order of the site.
    pub spots: Vec<Spot>,
    /// What is put there.
    pub pieces: Vec<Piece>,
}

/// A place on a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Spot {
    /// Unique in the question.
    pub id: String,
    /// Which pieces fit.
    pub group: String,
    /// Its left upper corner, in pixels of the picture.
    pub at: Point,
    /// What the teacher calls it; may be empty.
    #[serde(default)]
    pub name: String,
}

/// Markers belong somewhere on a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Markers {
    /// Address of the picture.
    pub image: String,
    /// What is put there.
    pub markers: Vec<Marker>,
}

/// A kind of marker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Marker {
    /// Unique in the question.
    pub id: String,
    /// As HTML (cleaned before it is shown).
    pub text_html: String,
    /// How many there are; `None`: as many as one likes.
    pub most: Option<u32>,
}

/// A point on a picture, in pixels from its left upper corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}
