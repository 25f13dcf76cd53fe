//! Which role may do what, and the rules for names and lifetimes that come with it.
//!
//! Owns the policy as pure functions. Does not know who somebody is: that is `services::access`.

mod lifetime;
mod name;
mod policy;
pub mod siwe;
mod text;
mod title;

pub use lifetime::{InvalidLifetime, Kind, Lifetime, MAX_LOGIN, OWNER_LINK, login_expires};
pub use name::{MAX_NAME, Name};
pub use policy::{Change, Rules, may_change, may_invite, of_role, permits, verbs};
pub use text::{InvalidText, line};
pub use title::{MAX_TITLE, Title};
