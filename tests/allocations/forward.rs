//! The load of `script/bench forward`.

#[path = "../../benches/forward/client.rs"]
pub mod client;
#[path = "../../benches/forward/load.rs"]
pub mod load;
#[path = "../../benches/forward/worker.rs"]
pub mod worker;
