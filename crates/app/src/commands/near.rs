//! Sharing downloads with computers nearby.

use std::net::{IpAddr, SocketAddr};

use qrcodegen::{QrCode, QrCodeEcc};

use crate::App;
use crate::api::input::Nothing;
use crate::api::near::*;
use crate::api::{Failure, FailureCode};
use crate::neighbours::{Choice, Now, Unable};
use crate::servers::near::is_near;

/// Name of the setting.
const SETTING: &str = "near";
/// What stands before an address in a picture.
const SCHEME: &str = "daypack-peer:";
/// More addresses than this make a picture that is hard to read.
const MOST_ADDRESSES: usize = 3;

impl App {
    /// See the list of commands.
    pub async fn near(&self, _: Nothing) -> Result<NearView, Failure> {
        let choice = self.near_choice();
        let now = self.neighbours().now();
        let addresses = match now.port {
            Some(port) => tokio::task::spawn_blocking(move || own_addresses(port)).await.unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(view(choice, now, addresses))
    }

    /// See the list of commands.
    pub async fn near_save(&self, input: NearSave) -> Result<NearView, Failure> {
        let choice = Choice { on: input.on, most: u64::from(input.most_kb) * 1024 };
        let kept = serde_json::to_value(choice).unwrap_or_default();
        self.db(move |store| store.setting_put(SETTING, &kept)).await?;
        self.follow_near();
        self.near(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn near_add(&self, input: NearAddress) -> Result<NearView, Failure> {
        let all = read(&input.address);
        if all.is_empty() {
            return Err(Failure::new(FailureCode::BadAddress).fact("address", input.address.trim()));
        }
        all.into_iter().for_each(|at| self.neighbours().add(at));
        self.near(Nothing {}).await
    }

    /// The port that others reach this computer at, while it is open; for tests.
    pub fn near_port(&self) -> Option<u16> {
        self.neighbours().now().port
    }

    fn near_choice(&self) -> Choice {
        let kept = self.store().setting_get(SETTING).ok().flatten();
        kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
    }

    /// Does as the learner chose, and as the price of the connection allows.
    pub(crate) fn follow_near(&self) {
        let costs_money = self.board(|board| board.link.costs_money);
        self.neighbours().follow(self, self.near_choice(), costs_money);
    }
}

fn view(choice: Choice, now: Now, addresses: Vec<SocketAddr>) -> NearView {
    let state = match (choice.on, now.unable, now.port) {
        (false, _, _) => NearState::Off,
        (true, Some(Unable::Port), _) => NearState::Unable,
        (true, _, _) if now.rests => NearState::Resting,
        (true, _, None) => NearState::Starting,
        (true, Some(Unable::Finding), Some(_)) => NearState::OpenByAddress,
        (true, None, Some(_)) => NearState::Open,
    };
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    NearView {
        on: choice.on,
        state,
        most_kb: u32::try_from(choice.most / 1024).unwrap_or(u32::MAX),
        near: u32::try_from(now.near).unwrap_or(u32::MAX),
        picture: picture(&addresses),
        addresses,
        typed: now
            .typed
            .into_iter()
            .map(|typed| NearTyped { address: typed.at.to_string(), answers: typed.answers })
            .collect(),
        gave: now.gave,
        got: now.got,
    }
}

/// Where others can reach this computer: private addresses, those people can type first.
fn own_addresses(port: u16) -> Vec<SocketAddr> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let is_usable = |ip: &IpAddr| {
        is_near(*ip) && !ip.is_loopback() && !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
    };
    let mut usable: Vec<IpAddr> = all.iter().map(|on| on.ip()).filter(is_usable).collect();
    usable.sort_unstable_by_key(|ip| (ip.is_ipv6(), *ip));
    usable.dedup();
    usable.into_iter().take(MOST_ADDRESSES).map(|ip| SocketAddr::new(ip, port)).collect()
}

/// Addresses as they are typed or scanned; private ones only.
fn read(text: &str) -> Vec<SocketAddr> {
    let text = text.trim();
    let text = text.strip_prefix(SCHEME).unwrap_or(text);
    let all = text.split(',').take(MOST_ADDRESSES).filter_map(|at| at.trim().parse::<SocketAddr>().ok());
    all.filter(|at| is_near(at.ip()) && at.port() >= 1024).collect()
}

fn picture(addresses: &[String]) -> Option<NearPicture> {
    if addresses.is_empty() {
        return None;
    }
    let text = format!("{SCHEME}{}", addresses.join(","));
    let code = QrCode::encode_text(&text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    Some(NearPicture { text, size: u32::try_from(code.size()).ok()?, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_addresses_with_a_port_are_taken() {
        let typed = |text: &str| read(text).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(typed(" 192.168.1.20:41234 "), "192.168.1.20:41234");
        assert_eq!(typed("daypack-peer:10.0.0.7:5000,[fd00::7]:5000"), "10.0.0.7:5000 [fd00::7]:5000");
        for bad in [
            "",
            "192.168.1.20",
            "8.8.8.8:41234",
            "school.example:41234",
            "192.168.1.1:80",
            "http://10.0.0.1:5000/",
        ] {
            assert_eq!(typed(bad), "", "{bad}");
        }
    }

    #[test]
    fn the_picture_says_where_this_computer_is_and_nothing_else() {
        let made = picture(&["192.168.1.20:41234".into()]).unwrap();
        assert_eq!(made.text, "daypack-peer:192.168.1.20:41234");
        assert!(made.size >= 21 && made.path.starts_with("M0 0h1"));
        assert_eq!(picture(&[]), None);
    }
}
