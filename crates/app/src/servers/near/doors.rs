//! How many may come, how often they may ask, how long they may be silent, and how fast bytes go out.
//!
//! The numbers leave room for a class of thirty, and none of them lets one guest keep the others out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections at a time, in all.
pub const GUESTS: usize = 256;
/// Connections at a time from one address.
pub const OF_ONE: usize = 24;
/// Questions a second from one address, over a few seconds.
pub const QUESTIONS: u32 = 100;
/// A guest that takes nothing and asks nothing for so long is shown out.
pub const SILENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Of {
    here: usize,
    since: Option<Instant>,
    asked: u32,
}

/// Who is in.
#[derive(Default)]
pub struct Doors(Arc<Mutex<BTreeMap<IpAddr, Of>>>);

fn lock(all: &Mutex<BTreeMap<IpAddr, Of>>) -> MutexGuard<'_, BTreeMap<IpAddr, Of>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Doors {
    /// Lets a connection in, or not.
    pub fn enter(&self, ip: IpAddr) -> Option<Guest> {
        let mut all = lock(&self.0);
        if all.values().map(|of| of.here).sum::<usize>() >= GUESTS {
            return None;
        }
        // Those that left are remembered only as long as their questions count.
        all.retain(|_, of| of.here > 0 || of.since.is_some_and(|since| since.elapsed() < WINDOW));
        let of = all.entry(ip).or_default();
        if of.here >= OF_ONE {
            return None;
        }
        of.here += 1;
        drop(all);
        Some(Guest { ip, doors: self.0.clone(), began: Instant::now(), stirred: AtomicU64::new(0) })
    }
}

/// Questions are counted over this time.
const WINDOW: Duration = Duration::from_secs(5);

/// One connection that was let in; it leaves when this is dropped.
pub struct Guest {
    ip: IpAddr,
    doors: Arc<Mutex<BTreeMap<IpAddr, Of>>>,
    began: Instant,
    /// When it last asked or took something, in milliseconds after it came.
    stirred: AtomicU64,
}

impl Guest {
    /// Where it comes from.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Counts a question; `false` when there were too many.
    pub fn may_ask(&self) -> bool {
        self.stirs();
        let mut all = lock(&self.doors);
        let of = all.entry(self.ip).or_default();
        if of.since.is_none_or(|since| since.elapsed() >= WINDOW) {
            of.since = Some(Instant::now());
            of.asked = 0;
        }
        of.asked = of.asked.saturating_add(1);
        u64::from(of.asked) <= u64::from(QUESTIONS) * WINDOW.as_secs()
    }

    /// It asked or took something.
    pub fn stirs(&self) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stirred.store(at, Ordering::Relaxed);
    }

    /// Returns when it was silent for too long.
    pub async fn falls_silent(&self) {
        loop {
            let stirred = Duration::from_millis(self.stirred.load(Ordering::Relaxed));
            let left = (stirred + SILENCE).saturating_sub(self.began.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(of) = lock(&self.doors).get_mut(&self.ip) {
            of.here = of.here.saturating_sub(1);
        }
    }
}

/// The speed for all guests together.
pub struct Flow {
    /// Bytes a second; 0 for as fast as it goes.
    most: AtomicU64,
    /// When the next bytes may go.
    next: Mutex<Instant>,
}

impl Flow {
    /// At most `most` bytes a second; 0 for as fast as it goes.
    pub fn new(most: u64) -> Self {
        Self { most: AtomicU64::new(most), next: Mutex::new(Instant::now()) }
    }

    /// Sets the speed, also for what is going out.
    pub fn set(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Waits until `bytes` may go.
    pub async fn take(&self, bytes: u64) {
        let wait = {
            let most = self.most.load(Ordering::Relaxed);
            if most == 0 {
                return;
            }
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let begins = (*next).max(now);
            *next = begins + Duration::from_secs_f64(bytes as f64 / most as f64);
            begins - now
        };
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    #[test]
    fn one_guest_cannot_take_all_places() {
        let doors = Doors::default();
        let first: Vec<_> = (0..OF_ONE).map(|_| doors.enter(ip(1)).unwrap()).collect();
        assert!(doors.enter(ip(1)).is_none());
        assert!(doors.enter(ip(2)).is_some());
        drop(first);
        assert!(doors.enter(ip(1)).is_some(), "a place is free again when its guest left");
    }

    #[test]
    fn all_guests_together_have_a_limit() {
        let doors = Doors::default();
        let all: Vec<_> = (0..255)
            .flat_map(|n| (0..OF_ONE).filter_map(|_| doors.enter(ip(n))).collect::<Vec<_>>())
            .collect();
        assert_eq!(all.len(), GUESTS);
    }

    #[test]
    fn too_many_questions_are_not_answered() {
        let doors = Doors::default();
        let guest = doors.enter(ip(1)).unwrap();
        let answered = (0..10_000).filter(|_| guest.may_ask()).count();
        assert_eq!(answered as u64, u64::from(QUESTIONS) * WINDOW.as_secs());
        assert!(doors.enter(ip(2)).unwrap().may_ask(), "others are answered");
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_go_out_no_faster_than_the_learner_allows() {
        let flow = Flow::new(100_000);
        let began = Instant::now();
        for _ in 0..3 {
            flow.take(10_000).await;
        }
        // The third waits for the two before it.
        let next = *flow.next.lock().unwrap();
        assert!(next.duration_since(began) >= Duration::from_millis(290));
        flow.set(0);
        flow.take(u64::MAX).await;
    }
}
