//! The desk: commands, events, runners and the guarded local servers.
