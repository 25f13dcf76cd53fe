//! Who sits where in a composition, and how pictures and sound are put together.
