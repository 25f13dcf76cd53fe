//! Secrets: drawing, hashing and comparing them.
