//! Finding computers near this one: announcing a random name by mDNS, and hearing others.
//!
//! What must stay true: nothing that is announced says who this is. The names of the service and of the host are one
//! random number of this session, there are no properties, and addresses that are not private are not announced.

use std::net::{IpAddr, SocketAddr};

use daypack_engine::peers::PeerId;
use mdns_sd::{IfKind, IfPredicate, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::sync::mpsc;

use crate::servers::near::is_near;

/// Name of the service.
const SERVICE: &str = "_daypack._tcp.local.";

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A computer with Daypack is near.
    Came(PeerId, Vec<SocketAddr>),
    /// It is gone.
    Went(PeerId),
}

/// Announces and listens until it is dropped.
pub(super) struct Found {
    daemon: ServiceDaemon,
    name: String,
}

impl Drop for Found {
    fn drop(&mut self) {
        // A word of goodbye, so that others need not find out.
        let _ = self.daemon.unregister(&self.name);
        let _ = self.daemon.shutdown();
    }
}

impl Found {
    /// Begins; what is heard goes to `tell`.
    pub fn start(me: PeerId, port: u16, tell: mpsc::UnboundedSender<Heard>) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        daemon.disable_interface(IfKind::Predicate(IfPredicate::new(|on| !is_near(on.ip()))))?;
        let none: &[(&str, &str)] = &[];
        let info = ServiceInfo::new(SERVICE, &me.to_string(), &format!("{me}.local."), "", port, none)?
            .enable_addr_auto();
        let name = info.get_fullname().to_owned();
        daemon.register(info)?;
        let heard = daemon.browse(SERVICE)?;
        std::thread::Builder::new()
            .name("near".into())
            .spawn(move || {
                while let Ok(event) = heard.recv() {
                    let news = match event {
                        ServiceEvent::ServiceResolved(found) => {
                            let addresses = found.addresses.iter().map(|ip| ip.to_ip_addr());
                            id_of(&found.fullname).map(|id| Heard::Came(id, usable(addresses, found.port)))
                        }
                        ServiceEvent::ServiceRemoved(_, name) => id_of(&name).map(Heard::Went),
                        _ => None,
                    };
                    if let Some(news) = news
                        && tell.send(news).is_err()
                    {
                        return;
                    }
                }
            })
            .map_err(|e| mdns_sd::Error::Msg(e.to_string()))?;
        Ok(Self { daemon, name })
    }
}

fn id_of(name: &str) -> Option<PeerId> {
    PeerId::parse(name.strip_suffix(SERVICE)?.strip_suffix('.')?)
}

/// Addresses that can be asked, the plainest first. A link-local address needs to know its network card; the others do
/// as well.
fn usable(addresses: impl Iterator<Item = IpAddr>, port: u16) -> Vec<SocketAddr> {
    let mut usable: Vec<SocketAddr> = addresses
        .filter(|ip| is_near(*ip) && !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .map(|ip| SocketAddr::new(ip, port))
        .collect();
    usable.sort_unstable_by_key(|at| (at.ip().is_loopback(), at.is_ipv6(), *at));
    usable.truncate(4);
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_addresses_are_used_and_a_name_that_is_none_of_ours_is_passed_over() {
        let ips = ["8.8.8.8", "fe80::1", "192.168.1.7", "fd00::7", "127.0.0.1", "2001:db8::1"];
        let found = usable(ips.iter().map(|ip| ip.parse().unwrap()), 7);
        let as_text: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(as_text, ["192.168.1.7:7", "[fd00::7]:7", "127.0.0.1:7"]);
        let id = PeerId::new([7; 16]);
        assert_eq!(id_of(&format!("{id}.{SERVICE}")), Some(id));
        assert_eq!(id_of("Anna's computer._daypack._tcp.local."), None);
    }
}
