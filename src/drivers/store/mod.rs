//! SQLite: what outlives the process.
