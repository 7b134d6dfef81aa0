//! How sites are reached that are not on the internet: options for test sites.

use std::path::PathBuf;

use clap::Args;
use daypack_app::NetConfig;
use daypack_app::api::{Failure, FailureCode};
use daypack_app::trust::{self, Name};

/// Options for test sites. They hold for this run; where another process owns the data folder, its own hold.
#[derive(Clone, Debug, Default, Args)]
pub struct Sites {
    /// Reach HOST at the address ADDR, without asking a name service.
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    resolve: Vec<Name>,
    /// Trust the authorities in this PEM file, and no others.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Sites {
    /// As the network client wants it.
    pub fn net(&self) -> Result<NetConfig, Failure> {
        let mut net = NetConfig { names: self.resolve.clone(), ..NetConfig::default() };
        if let Some(path) = &self.ca {
            let pem = std::fs::read(path)
                .map_err(|_| Failure::new(FailureCode::FileMissing).fact("path", path.display()))?;
            net.authorities = trust::authorities(&pem)
                .map_err(|error| Failure::new(FailureCode::InvalidInput).fact("why", error))?;
        }
        Ok(net)
    }
}
