//! The judge: looks at the site's ledger, at what was typed and at what the learner was told; never at how the
//! machine came to it.

use std::collections::BTreeMap;

use daypack_course::work::{Resend, WorkState};

use crate::device::{Device, Piece};
use crate::site::{Site, Temper};

/// Everything typed and sealed is at the site or can still be read and sent here.
pub fn nothing_is_lost(device: &Device, site: &Site) -> Result<(), String> {
    for piece in device.pieces.iter().filter(|p| p.sealed.is_some()) {
        match device.outbox.entry(&piece.new.id).map(|e| &e.state) {
            None => return Err(format!("{:?} is lost", piece.text)),
            Some(WorkState::Accepted { .. })
                if site.times(&piece.text) == 0 && !device.said_there.contains(&piece.new.id) =>
            {
                return Err(format!("{:?} is lost: called accepted, and not in the ledger", piece.text));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// No text is in the ledger twice, unless repeating it does no harm or the learner had it sent again.
pub fn nothing_is_doubled(device: &Device, site: &Site) -> Result<(), String> {
    for piece in device.pieces.iter().filter(|p| p.new.resend != Resend::Repeatable) {
        let most = 1 + device.again.get(&piece.new.id).copied().unwrap_or(0);
        let times = site.times(&piece.text);
        if times > most {
            return Err(format!("{:?} took effect {times} times: twice or more", piece.text));
        }
    }
    Ok(())
}

/// Inside one place, one computer's texts stand in the order they were sealed in.
pub fn order_is_kept(device: &Device, site: &Site) -> Result<(), String> {
    let by_text: BTreeMap<&str, &Piece> = device.pieces.iter().map(|p| (p.text.as_str(), p)).collect();
    let mut last: BTreeMap<(&str, &str), &Piece> = BTreeMap::new();
    for line in &site.ledger {
        let Some(piece) = by_text.get(line.text.as_str()) else { continue };
        let id = &piece.new.id;
        if device.set_aside.contains(id) || device.again.contains_key(id) {
            continue;
        }
        if let Some(before) = last.insert((&line.who, &line.place), piece)
            && before.sealed > piece.sealed
        {
            return Err(format!("{:?} after {:?}: not the order of writing", line.text, before.text));
        }
    }
    Ok(())
}

/// At the end only poison waits, and what comes after it for the same place.
pub fn nobody_is_held_up(device: &Device, site: &Site) -> Result<(), String> {
    let is_accepted = |piece: &Piece| {
        device.outbox.entry(&piece.new.id).is_some_and(|e| matches!(e.state, WorkState::Accepted { .. }))
    };
    let is_poison =
        |piece: &Piece| matches!(site.temper(&piece.text), Temper::Refuses | Temper::Stalls | Temper::Breaks);
    for piece in device.pieces.iter().filter(|p| p.sealed.is_some() && !is_accepted(p)) {
        let mine = &piece.new;
        let is_excused = is_poison(piece)
            || device.set_aside.contains(&mine.id)
            || device.pieces.iter().any(|other| {
                other.new.account == mine.account
                    && other.new.target == mine.target
                    && other.sealed < piece.sealed
                    && is_poison(other)
                    && !device.set_aside.contains(&other.new.id)
            });
        if !is_excused {
            let entry = device.outbox.entry(&mine.id);
            return Err(format!("{:?} is held up for no reason of its own: {entry:?}", piece.text));
        }
    }
    Ok(())
}
