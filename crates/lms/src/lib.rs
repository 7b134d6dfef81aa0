//! Talking to a site: connectors and the network client.
