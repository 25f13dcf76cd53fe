//! GStreamer: capture, decode, encode, show and play.
