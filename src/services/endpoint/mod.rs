//! x
mod config;
pub use config::*;
#[derive(Debug, thiserror::Error)]
pub enum Error { #[error("x")] Room(#[from] crate::services::room::Error), #[error("x")] Closed, #[error("x")] Picture(String) }
pub struct Device { pub name: Option<String>, pub stand_in: bool }
pub struct Devices { pub camera: Device, pub microphone: Device, pub speaker: Device, pub screen: Device }
#[derive(Clone)] pub struct Handle;
impl Handle { pub fn devices(&self) -> Devices { todo!() } pub async fn still(&self, _r: crate::model::id::RoomId) -> Result<bytes::Bytes, Error> { todo!() } }
