//! The shelf on disk: SQLite for facts, files for bytes.
