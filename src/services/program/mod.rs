//! What is on air of a room.

pub mod composition;
