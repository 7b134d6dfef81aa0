//! What simulated lives share: a generator of random numbers, a calendar, and running many seeds.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from) as u64 + 1) as i64
    }

    pub fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }
}

/// What happens when; things at the same instant keep the order they were planned in.
pub struct Calendar<T> {
    planned: BTreeMap<(i64, u64), T>,
    count: u64,
}

impl<T> Default for Calendar<T> {
    fn default() -> Self {
        Self { planned: BTreeMap::new(), count: 0 }
    }
}

impl<T> Calendar<T> {
    pub fn plan(&mut self, at: i64, what: T) {
        self.count += 1;
        self.planned.insert((at, self.count), what);
    }

    pub fn next(&mut self) -> Option<(i64, T)> {
        self.planned.pop_first().map(|((at, _), what)| (at, what))
    }

    pub fn drop_where(&mut self, is_gone: impl Fn(&T) -> bool) {
        self.planned.retain(|_, what| !is_gone(what));
    }
}

/// `DAYPACK_SEEDS`, or the number usual for every change.
pub fn seeds(usual: u64) -> u64 {
    std::env::var("DAYPACK_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Runs seeds `0..count` on two threads; the smallest failing seed with its reason.
pub fn first_failure(count: u64, run: impl Fn(u64) -> Result<(), String> + Sync) -> Option<(u64, String)> {
    std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2)
            .map(|half| {
                let run = &run;
                scope.spawn(move || {
                    (half..count).step_by(2).find_map(|seed| run(seed).err().map(|why| (seed, why)))
                })
            })
            .collect();
        halves.into_iter().filter_map(|half| half.join().expect("a life panicked")).min()
    })
}
