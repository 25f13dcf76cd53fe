//! Recordings: what of a program goes into a file and when, and which files have to go when there is too little room.
//!
//! Owns: when pieces are written, how times of a file follow from media time, what is left out when somebody takes their yes back, how
//! much room there is and what that means. Deliberately not: the boxes of the file (see `proto::cmaf`), files, clocks.

mod room;
mod take;

pub use room::{Keeping, Kept, Room, Shelf};
pub use take::Take;
