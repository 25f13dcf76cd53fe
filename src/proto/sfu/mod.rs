//! Forwarding: what a subscriber gets of a publisher's packets.
