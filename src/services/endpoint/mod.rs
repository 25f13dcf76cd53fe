//! The box as a participant.
