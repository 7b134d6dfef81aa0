//! Sites that neither the name service nor the system's authorities know: a school's test site, a Moodle beside the desk.

use std::net::{IpAddr, SocketAddr};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// `HOST:PORT:ADDR`: where a host is, without asking a name service. Every port of the host is meant; `PORT` is there
/// because other tools write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The host, lower case.
    pub host: String,
    /// As written.
    pub port: u16,
    /// Where it is.
    pub to: IpAddr,
}

/// Why an option about a site is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not `HOST:PORT:ADDR`.
    #[error("not HOST:PORT:ADDR")]
    NotAName,
    /// No certificate in PEM form.
    #[error("no certificate in PEM form")]
    NoCertificate,
}

impl std::str::FromStr for Name {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().filter(|p| !p.is_empty()).ok_or(TrustError::NotAName);
        let (host, port, to) = (part()?, part()?, part()?);
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port: port.parse().map_err(|_| TrustError::NotAName)?,
            to: to.trim_matches(['[', ']']).parse().map_err(|_| TrustError::NotAName)?,
        })
    }
}

impl Name {
    /// Its address at a port.
    pub fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.to, port)
    }
}

/// The certificates in a PEM text; at least one.
pub fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or(TrustError::NoCertificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_other_tools_write_it() {
        let name: Name = "Moodle.Example:443:127.0.0.1".parse().unwrap();
        assert_eq!(
            (name.host.as_str(), name.at(8443).to_string()),
            ("moodle.example", "127.0.0.1:8443".into())
        );
        let six: Name = "m:443:[::1]".parse().unwrap();
        assert_eq!(six.at(443).to_string(), "[::1]:443");
        for wrong in ["", "m", "m:443", "m:443:", "m:x:127.0.0.1", "m:443:elsewhere"] {
            assert_eq!(wrong.parse::<Name>(), Err(TrustError::NotAName), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_said() {
        assert_eq!(authorities(b"hello"), Err(TrustError::NoCertificate));
    }
}
