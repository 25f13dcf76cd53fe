//! The broadcasts: id, title, state.
