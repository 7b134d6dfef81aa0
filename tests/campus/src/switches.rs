//! The switches of bad days: slow, late, offline, portal, lost replies, errors, maintenance.
//! Must stay true: a lost reply takes effect first; a slow link is paced byte by byte, down and up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How the link and the site misbehave just now.
#[derive(Debug, Default)]
pub struct Switches {
    bits_per_second: AtomicU64,
    latency_ms: AtomicU64,
    offline: AtomicBool,
    portal: AtomicBool,
    maintenance: AtomicBool,
    next_byte: Mutex<Option<Instant>>,
    losses: Mutex<Vec<Planned>>,
    errors: Mutex<Vec<(Planned, String)>>,
    /// Rung when the link comes or goes.
    pub link: Notify,
}

/// Something that will happen to the next calls.
#[derive(Debug, Clone)]
struct Planned {
    function: Option<String>,
    left: u64,
}

/// Calls whose loss matters: they change something a learner made.
const WRITES: &[&str] = &[
    "webservice/upload.php",
    "mod_quiz_start_attempt",
    "mod_quiz_save_attempt",
    "mod_quiz_process_attempt",
    "mod_assign_save_submission",
    "mod_assign_submit_for_grading",
    "mod_forum_add_discussion",
    "mod_forum_add_discussion_post",
    "core_completion_update_activity_completion_status_manually",
    "core_message_mark_notification_read",
    "core_user_add_user_private_files",
];

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Switches {
    /// Kilobits per second, 0 for no limit.
    pub fn set_slow(&self, kilobits: u64) {
        self.bits_per_second.store(kilobits.saturating_mul(1000), Ordering::SeqCst);
        *lock(&self.next_byte) = None;
    }

    /// Milliseconds before each answer.
    pub fn set_latency(&self, ms: u64) {
        self.latency_ms.store(ms, Ordering::SeqCst);
    }

    /// Whether nobody reaches the campus.
    pub fn set_offline(&self, on: bool) {
        self.offline.store(on, Ordering::SeqCst);
        self.link.notify_waiters();
    }

    /// Whether a captive portal answers instead.
    pub fn set_portal(&self, on: bool) {
        self.portal.store(on, Ordering::SeqCst);
    }

    /// Whether the site is in maintenance.
    pub fn set_maintenance(&self, on: bool) {
        self.maintenance.store(on, Ordering::SeqCst);
    }

    /// Loses the replies of the next `n` calls of that function, or of any write.
    pub fn lose(&self, n: u64, function: Option<String>) {
        let mut losses = lock(&self.losses);
        losses.clear();
        losses.push(Planned { function, left: n });
    }

    /// Answers the next `n` calls of a function with a recorded error.
    pub fn fail(&self, function: String, code: String, n: u64) {
        lock(&self.errors).push((Planned { function: Some(function), left: n }, code));
    }

    /// Everything off.
    pub fn clear(&self) {
        self.set_slow(0);
        self.set_latency(0);
        self.set_portal(false);
        self.set_maintenance(false);
        lock(&self.losses).clear();
        lock(&self.errors).clear();
        self.set_offline(false);
    }

    /// Offline now.
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::SeqCst)
    }

    /// Portal now.
    pub fn is_portal(&self) -> bool {
        self.portal.load(Ordering::SeqCst)
    }

    /// Maintenance now.
    pub fn is_maintenance(&self) -> bool {
        self.maintenance.load(Ordering::SeqCst)
    }

    /// Waits as long as a far server is away.
    pub async fn wait_latency(&self) {
        let ms = self.latency_ms.load(Ordering::SeqCst);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    /// Bytes that may be sent at once: a twentieth of a second's worth.
    pub fn chunk(&self) -> usize {
        match self.bits_per_second.load(Ordering::SeqCst) {
            0 => 1 << 16,
            bits => usize::try_from(bits / 160).unwrap_or(usize::MAX).clamp(64, 1 << 14),
        }
    }

    /// Waits until the link has carried `bytes` more, shared by all connections.
    pub async fn carry(&self, bytes: usize) {
        let bits = self.bits_per_second.load(Ordering::SeqCst);
        if bits == 0 {
            return;
        }
        let until = {
            let mut next = lock(&self.next_byte);
            let now = Instant::now();
            // A timer that rang late may catch up, so that the rate holds on average.
            let earliest = now.checked_sub(Duration::from_millis(20)).unwrap_or(now);
            let start = next.map_or(now, |at| at.max(earliest));
            #[allow(clippy::cast_precision_loss)]
            let until = start + Duration::from_secs_f64(bytes as f64 * 8.0 / bits as f64);
            *next = Some(until);
            until
        };
        tokio::time::sleep_until(until).await;
    }

    /// Whether the reply of this call is lost; counts it.
    pub fn loses(&self, function: &str) -> bool {
        let mut losses = lock(&self.losses);
        let hit = losses.iter_mut().find(|planned| match &planned.function {
            Some(named) => named == function,
            None => WRITES.contains(&function),
        });
        match hit {
            Some(planned) if planned.left > 0 => {
                planned.left -= 1;
                losses.retain(|planned| planned.left > 0);
                true
            }
            _ => false,
        }
    }

    /// The error this call answers, if one is planned; counts it.
    pub fn fails(&self, function: &str) -> Option<String> {
        let mut errors = lock(&self.errors);
        let code = errors.iter_mut().find(|(planned, _)| planned.function.as_deref() == Some(function)).map(
            |(planned, code)| {
                planned.left = planned.left.saturating_sub(1);
                code.clone()
            },
        );
        errors.retain(|(planned, _)| planned.left > 0);
        code
    }
}
