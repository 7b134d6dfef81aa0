//! Sharing downloads with computers nearby, as it is shown.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The learner's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearSave {
    /// Share.
    pub on: bool,
    /// At most so many kilobytes a second are given to others; 0 for as fast as it goes.
    pub most_kb: u32,
}

/// An address that was typed or scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearAddress {
    /// `192.168.1.20:41234`, or the text of the picture: `daypack-peer:192.168.1.20:41234`.
    pub address: String,
}

/// Sharing with computers nearby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearView {
    /// The learner wants it.
    pub on: bool,
    /// How it goes.
    pub state: NearState,
    /// At most so many kilobytes a second are given to others; 0 for as fast as it goes.
    pub most_kb: u32,
    /// Computers nearby that answered.
    pub near: u32,
    /// Where this computer can be reached, to be typed into others.
    pub addresses: Vec<String>,
    /// The same as a picture that a phone or camera can read.
    pub picture: Option<NearPicture>,
    /// Addresses that were typed here.
    pub typed: Vec<NearTyped>,
    /// Bytes given to others since Daypack was opened.
    pub gave: u64,
    /// Bytes that others gave since Daypack was opened.
    pub got: u64,
}

/// How sharing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NearState {
    /// Nothing is open, nobody is asked.
    Off,
    /// It is about to begin.
    Starting,
    /// Others can find this computer and be found.
    Open,
    /// Others are not found by themselves; typed addresses work.
    OpenByAddress,
    /// It rests as long as the connection costs money.
    Resting,
    /// It cannot begin.
    Unable,
}

/// A square picture of dark and light fields (QR code).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearPicture {
    /// What it says.
    pub text: String,
    /// Fields on a side.
    pub size: u32,
    /// The dark fields as the path of an SVG with one unit a field.
    pub path: String,
}

/// An address that was typed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearTyped {
    /// The address.
    pub address: String,
    /// Whether somebody answered there; `None` before it was asked.
    pub answers: Option<bool>,
}
