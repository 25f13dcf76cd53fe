//! What is on air of a room.
