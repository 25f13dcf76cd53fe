//! Which role may do what.
