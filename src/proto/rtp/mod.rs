//! RTP: packets to units and back, and whose clock is whose (RFC 3550, 6184, 7587).
