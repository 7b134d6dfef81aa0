//! Names to addresses: asked once, and the last good answer is kept for when the next one does not come.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::trust::Name;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

/// A good answer is not asked for again for so long.
const FRESH: Duration = Duration::from_secs(300);
/// A lookup is started a second time beside the first soon, and again later: its few packets may be lost.
const AGAIN: Duration = Duration::from_millis(400);
const TRIES: u32 = 5;

#[derive(Clone, Debug)]
struct Known {
    addresses: Vec<SocketAddr>,
    at: Instant,
    /// Connecting failed since.
    is_doubtful: bool,
}

/// Addresses by `host:port`, and hosts that need no asking.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<Mutex<BTreeMap<String, Known>>>, Arc<[Name]>);

impl Names {
    /// With hosts whose address was told.
    pub fn told(names: Vec<Name>) -> Self {
        Self(Arc::default(), names.into())
    }

    /// The addresses of a host; empty when nothing is known and nothing could be found out.
    pub async fn look_up(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        if let Some(name) = self.1.iter().find(|name| name.host == host) {
            return vec![name.at(port)];
        }
        let key = format!("{host}:{port}");
        let known = self.known(&key);
        if let Some(known) = known.as_ref().filter(|k| !k.is_doubtful && k.at.elapsed() < FRESH) {
            return known.addresses.clone();
        }
        match ask(&key).await {
            Some(addresses) => {
                let fresh = Known { addresses: addresses.clone(), at: Instant::now(), is_doubtful: false };
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, fresh);
                addresses
            }
            None => known.map(|k| k.addresses).unwrap_or_default(),
        }
    }

    /// Connecting to what was found failed: next time it is looked up again, and kept if that fails.
    pub fn doubt(&self, host: &str, port: u16) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get_mut(&format!("{host}:{port}")) {
            known.is_doubtful = true;
        }
    }

    fn known(&self, key: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

async fn ask(key: &str) -> Option<Vec<SocketAddr>> {
    let look = || async { tokio::net::lookup_host(key.to_owned()).await.map(Iterator::collect::<Vec<_>>) };
    let mut asked = FuturesUnordered::new();
    asked.push(look());
    let mut tries = 1;
    loop {
        tokio::select! {
            answer = asked.next() => match answer {
                Some(Ok(addresses)) if !addresses.is_empty() => return Some(addresses),
                Some(_) if !asked.is_empty() => {}
                _ => return None,
            },
            () = tokio::time::sleep(AGAIN * tries) => {
                if tries == TRIES {
                    return None;
                }
                tries += 1;
                asked.push(look());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_good_address_outlives_a_name_service_that_fails() {
        let names = Names::default();
        let good: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let known = Known { addresses: vec![good], at: Instant::now(), is_doubtful: false };
        names.0.lock().unwrap().insert("no-such-host.invalid:9".to_owned(), known);
        assert_eq!(names.look_up("no-such-host.invalid", 9).await, [good]);
        names.doubt("no-such-host.invalid", 9);
        assert_eq!(names.look_up("no-such-host.invalid", 9).await, [good], "asked again in vain, and kept");
        // Control: a name that was never good has no address.
        assert!(Names::default().look_up("no-such-host.invalid", 9).await.is_empty());
    }
}
