//! What the program sees around itself: how long it has been awake, which network it is in, and whether the
//! connection costs money. Looked at every few seconds; sends nothing.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Instant;

use daypack_engine::watch::Look;

use crate::App;

/// Says whether the connection costs money; `None` when nobody knows. May block for a moment.
pub trait LinkCost: Send + Sync {
    /// Whether it does.
    fn is_metered(&self) -> Option<bool>;

    /// Which network the connection goes over; `None` when nobody knows.
    fn network(&self) -> Option<Network> {
        None
    }
}

/// A network, so that it is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The same each time this network is there.
    pub id: String,
    /// As the system calls it; may be empty.
    pub name: String,
}

/// A shared [`LinkCost`].
pub type AnyLinkCost = Arc<dyn LinkCost>;

/// What the operating system says.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLinkCost;

impl LinkCost for SystemLinkCost {
    #[cfg(target_os = "linux")]
    fn is_metered(&self) -> Option<bool> {
        network_manager::metered()
    }

    #[cfg(target_os = "linux")]
    fn network(&self) -> Option<Network> {
        network_manager::network().or_else(gateway)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_metered(&self) -> Option<bool> {
        None
    }
}

/// What is around the computer. Sends nothing.
pub trait Around: Send + Sync {
    /// Milliseconds since some fixed moment with sleep counted; `None` where the system does not say.
    fn with_sleep_ms(&self) -> Option<i64>;
    /// A fingerprint of routes and addresses; another one means another network.
    fn network(&self) -> u64;
    /// Milliseconds between two looks.
    fn every_ms(&self) -> i64 {
        5_000
    }
}

/// A shared [`Around`].
pub type AnyAround = Arc<dyn Around>;

/// What the operating system says.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemAround;

impl Around for SystemAround {
    fn with_sleep_ms(&self) -> Option<i64> {
        with_sleep_ms()
    }

    fn network(&self) -> u64 {
        network()
    }
}

/// One look at clocks and network.
pub(crate) fn look(app: &App, since: Instant) -> Look {
    Look {
        wall: app.now(),
        awake_ms: i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX),
        with_sleep_ms: app.around().with_sleep_ms(),
        network: app.around().network(),
    }
}

/// Milliseconds since the computer was started, sleep included.
pub(crate) fn with_sleep_ms() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some((seconds * 1000.0) as i64)
}

/// A fingerprint of routes and addresses. Opening such a socket sends nothing; it only asks the system which of our
/// addresses would be used.
fn network() -> u64 {
    let mut hash = DefaultHasher::new();
    for path in ["/proc/net/route", "/proc/net/if_inet6"] {
        std::fs::read(path).unwrap_or_default().hash(&mut hash);
    }
    for (own, far) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let address = UdpSocket::bind(own).and_then(|s| s.connect(far).and_then(|()| s.local_addr())).ok();
        address.map(|a| a.ip()).hash(&mut hash);
    }
    hash.finish()
}

/// The network by the hardware address of the router that the default route leads to: the same router, the same
/// network.
#[cfg(target_os = "linux")]
fn gateway() -> Option<Network> {
    router(&std::fs::read_to_string("/proc/net/route").ok()?, &std::fs::read_to_string("/proc/net/arp").ok()?)
}

/// From the kernel's tables of routes and of neighbours.
fn router(routes: &str, neighbours: &str) -> Option<Network> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let route =
        routes.lines().skip(1).map(words).find(|row| row.get(1).is_some_and(|to| to == "00000000"))?;
    let address = u32::from_str_radix(route.get(2)?, 16).ok()?.swap_bytes();
    let address = std::net::Ipv4Addr::from(address).to_string();
    let known = neighbours.lines().skip(1).map(words).find(|row| row.first() == Some(&address))?;
    let id = known.get(3).filter(|hardware| *hardware != "00:00:00:00:00:00")?;
    Some(Network { id: format!("router {id}"), name: String::new() })
}

#[cfg(target_os = "linux")]
mod network_manager {
    //! NetworkManager's properties over the system bus, spoken by hand: one call, one value. A bus library
    //! for that would be larger than the rest of this crate's network code.

    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    const BUS: &str = "/run/dbus/system_bus_socket";
    const LIMIT: Duration = Duration::from_millis(500);

    /// The connection that the default route goes over, by the name that the learner gave it.
    pub fn network() -> Option<super::Network> {
        const NM: &str = "org.freedesktop.NetworkManager";
        const ACTIVE: &str = "org.freedesktop.NetworkManager.Connection.Active";
        let path = text(&get("/org/freedesktop/NetworkManager", NM, "PrimaryConnection")?)?;
        if path == "/" {
            return None;
        }
        let id = text(&get(&path, ACTIVE, "Uuid")?)?;
        let name = text(&get(&path, ACTIVE, "Id")?).unwrap_or_default();
        Some(super::Network { id, name })
    }

    /// `NMMetered`: 1 yes, 2 no, 3 and 4 the same as guesses, 0 unknown.
    pub fn metered() -> Option<bool> {
        const NM: &str = "org.freedesktop.NetworkManager";
        match number(&get("/org/freedesktop/NetworkManager", NM, "Metered")?)? {
            1 | 3 => Some(true),
            2 | 4 => Some(false),
            _ => None,
        }
    }

    /// A property as its variant.
    fn get(path: &str, interface: &str, property: &str) -> Option<Vec<u8>> {
        let mut bus = UnixStream::connect(BUS).ok()?;
        bus.set_read_timeout(Some(LIMIT)).ok()?;
        bus.set_write_timeout(Some(LIMIT)).ok()?;
        bus.write_all(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n").ok()?;
        let mut greeting = Vec::new();
        let mut byte = [0_u8; 1];
        while !greeting.ends_with(b"\r\n") || !greeting.windows(3).any(|w| w == b"OK ") {
            bus.read_exact(&mut byte).ok()?;
            greeting.extend(byte);
            if greeting.len() > 4096 || greeting.starts_with(b"REJECTED") {
                return None;
            }
        }
        const ME: &str = "org.freedesktop.DBus";
        bus.write_all(&call(1, "/org/freedesktop/DBus", ME, ME, "Hello", &[])).ok()?;
        const NM: &str = "org.freedesktop.NetworkManager";
        let asked = call(2, path, NM, "org.freedesktop.DBus.Properties", "Get", &[interface, property]);
        bus.write_all(&asked).ok()?;
        loop {
            let message = read(&mut bus)?;
            if message.reply_to == Some(2) {
                return message.is_return.then_some(message.body);
            }
        }
    }

    /// A method call (D-Bus specification, "Message Protocol"), little endian, with texts as arguments.
    fn call(serial: u32, path: &str, to: &str, interface: &str, member: &str, texts: &[&str]) -> Vec<u8> {
        let mut body = Vec::new();
        for text in texts {
            put_text(&mut body, text);
        }
        let mut fields = Vec::new();
        let mut field = |code: u8, kind: &[u8], value: &str| {
            pad(&mut fields, 8);
            fields.push(code);
            fields.extend([1]);
            fields.extend(kind);
            fields.push(0);
            if kind == b"g" {
                fields.push(u8::try_from(value.len()).unwrap_or(0));
                fields.extend(value.as_bytes());
                fields.push(0);
            } else {
                put_text(&mut fields, value);
            }
        };
        field(1, b"o", path);
        field(2, b"s", interface);
        field(3, b"s", member);
        field(6, b"s", to);
        if !texts.is_empty() {
            field(8, b"g", &"s".repeat(texts.len()));
        }
        let mut out = vec![b'l', 1, 0, 1];
        out.extend(u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
        out.extend(serial.to_le_bytes());
        out.extend(u32::try_from(fields.len()).unwrap_or(0).to_le_bytes());
        out.extend(&fields);
        pad(&mut out, 8);
        out.extend(body);
        out
    }

    fn put_text(out: &mut Vec<u8>, text: &str) {
        pad(out, 4);
        out.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        out.extend(text.as_bytes());
        out.push(0);
    }

    fn pad(out: &mut Vec<u8>, to: usize) {
        out.resize(out.len().next_multiple_of(to), 0);
    }

    struct Message {
        is_return: bool,
        reply_to: Option<u32>,
        body: Vec<u8>,
    }

    fn read(bus: &mut UnixStream) -> Option<Message> {
        let mut head = [0_u8; 16];
        bus.read_exact(&mut head).ok()?;
        let word =
            |at: usize| -> Option<u32> { Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?)) };
        let (size, fields) = (word(4)? as usize, word(12)? as usize);
        if head.first() != Some(&b'l') || size > 1 << 16 || fields > 1 << 16 {
            return None;
        }
        let mut rest = vec![0_u8; fields.next_multiple_of(8) + size];
        bus.read_exact(&mut rest).ok()?;
        let body = rest.split_off(fields.next_multiple_of(8));
        Some(Message { is_return: head.get(1) == Some(&2), reply_to: reply_to(&rest), body })
    }

    /// The field REPLY_SERIAL: code 5, signature `u`, aligned to 4.
    fn reply_to(fields: &[u8]) -> Option<u32> {
        let at = fields.chunks(8).position(|field| field.starts_with(&[5, 1, b'u', 0]))? * 8;
        Some(u32::from_le_bytes(fields.get(at + 4..at + 8)?.try_into().ok()?))
    }

    /// A variant that holds a `u`.
    fn number(body: &[u8]) -> Option<u32> {
        if !body.starts_with(&[1, b'u', 0]) {
            return None;
        }
        Some(u32::from_le_bytes(body.get(4..8)?.try_into().ok()?))
    }

    /// A variant that holds a text or a path.
    fn text(body: &[u8]) -> Option<String> {
        if !body.starts_with(&[1, b's', 0]) && !body.starts_with(&[1, b'o', 0]) {
            return None;
        }
        let size = u32::from_le_bytes(body.get(4..8)?.try_into().ok()?) as usize;
        String::from_utf8(body.get(8..8_usize.checked_add(size)?)?.to_vec()).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_call_is_laid_out_as_the_specification_says() {
            let asked = call(2, "/a", "b.c", "d.e", "Get", &["x", "Metered"]);
            assert_eq!(&asked[..4], b"l\x01\x00\x01");
            assert_eq!(u32::from_le_bytes(asked[4..8].try_into().unwrap()), 20, "4+1+1, padded to 8, 4+7+1");
            let fields = u32::from_le_bytes(asked[12..16].try_into().unwrap()) as usize;
            assert_eq!(asked.len(), (16 + fields).next_multiple_of(8) + 20);
        }

        #[test]
        fn an_answer_is_read_and_nonsense_is_no_answer() {
            assert_eq!(number(&[1, b'u', 0, 0, 4, 0, 0, 0]), Some(4));
            assert_eq!(number(&[1, b's', 0, 0, 4, 0, 0, 0]), None);
            assert_eq!(reply_to(&[5, 1, b'u', 0, 2, 0, 0, 0]), Some(2));
            assert_eq!(reply_to(&[]), None);
            assert_eq!(text(b"\x01s\0\0\x04\0\0\0Home\0"), Some("Home".to_owned()));
            assert_eq!(text(b"\x01s\0\0\xff\0\0\0Home\0"), None);
            assert_eq!(text(b"\x01u\0\0\x04\0\0\0Home\0"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_is_known_again_by_its_hardware_address() {
        let routes =
            "Iface\tDestination\tGateway \tFlags\neth0\t0000A8C0\t00000000\t1\neth0\t00000000\t0101A8C0\t3\n";
        let arp =
            "IP address HW type Flags HW address Mask Device\n192.168.1.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0\n";
        let found = router(routes, arp).map(|network| network.id);
        assert_eq!(found.as_deref(), Some("router aa:bb:cc:dd:ee:ff"));
        assert_eq!(router(routes, "IP address\n"), None, "a neighbour that is not known yet");
        assert_eq!(router("Iface\n", arp), None);
    }
}
