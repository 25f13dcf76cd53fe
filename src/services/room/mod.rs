//! Rooms, participants, publications and audiences.
