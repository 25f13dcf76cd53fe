//! Black-box tests: what the daemon and its command promise, held from outside. One binary, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

mod accounts;
mod architecture;
mod call;
mod camera;
mod coming_back;
mod config;
mod dash;
mod devices;
mod documents;
mod embed;
mod firefox;
mod fixture;
mod forwarded;
mod healing;
mod hostile;
mod http;
mod ladder;
mod lifecycle;
mod ll_hls;
mod on_air;
mod other_sites;
mod paths;
mod permissions;
mod push;
mod reachability;
mod recordings;
mod restricted;
mod rewind;
mod screen_share;
mod screenshots;
mod seeing;
mod separately;
mod signalling;
mod simulcast;
mod sound;
mod studio;
mod telephone;
mod thumbnail;
mod tls;
mod told;
mod turn;
mod viewers;
mod vp8;
mod whep;
