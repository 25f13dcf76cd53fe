//! Which box this is: what it is called, as its owner chose, and until then as the configuration says; and what tells it from others.
//!
//! Everything that says the name follows it: the name on the local network, the certificate, the screen, the pages.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use crate::drivers::identity::random;
use crate::drivers::store;
use crate::proto::auth::Name;

/// The setting.
const KEY: &str = "node.name";
/// The setting with what tells the box from others.
const ID: &str = "node.id";

/// The name, now and whenever it changes.
pub type Called = watch::Receiver<Name>;

/// The way to it; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    /// One at a time is stored and told.
    told: Arc<Mutex<watch::Sender<Name>>>,
    called: Called,
    id: Arc<str>,
    store: store::Handle,
}

impl Handle {
    /// The name as it is.
    pub fn name(&self) -> Name {
        self.called.borrow().clone()
    }

    /// What tells the box from others where several are known, such as at a broker: eight hexadecimal digits, drawn once. Nothing about the
    /// board is in it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name, now and whenever it changes.
    pub fn follow(&self) -> Called {
        self.called.clone()
    }

    /// The box is called this from now on.
    ///
    /// # Errors
    /// [`store::Error`]; then it is called as before.
    pub async fn rename(&self, name: Name) -> Result<(), store::Error> {
        let told = self.told.lock().await;
        self.store.set_setting(KEY, name.to_string()).await?;
        if told.send_replace(name.clone()) != name {
            tracing::info!("the box has another name");
        }
        Ok(())
    }
}

/// Takes up the name that was chosen, or that of the configuration.
///
/// # Errors
/// [`store::Error`].
pub async fn start(configured: Name, store: store::Handle) -> Result<Handle, store::Error> {
    let chosen = store.setting(KEY).await?.and_then(|text| Name::new(&text).ok());
    let (told, called) = watch::channel(chosen.unwrap_or(configured));
    let id = match store.setting(ID).await? {
        Some(id) => id,
        None => {
            let id = format!("{:08x}", u32::from_be_bytes(random()));
            store.set_setting(ID, id.clone()).await?;
            id
        }
    };
    Ok(Handle { told: Arc::new(Mutex::new(told)), called, id: id.into(), store })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_was_chosen_outlives_a_restart_and_is_told() {
        let folder = tempfile::tempdir().expect("there is a disk");
        let store = store::open(folder.path()).expect("it opens");
        let name = |text: &str| Name::new(text).expect("a name");
        let naming = start(name("Porchlight"), store.clone()).await.expect("it starts");
        let mut called = naming.follow();
        assert_eq!(naming.name(), name("Porchlight"));
        naming.rename(name("Kitchen")).await.expect("it is stored");
        assert!(called.has_changed().expect("it runs"));
        assert_eq!(*called.borrow_and_update(), name("Kitchen"));
        let id = naming.id().to_owned();
        assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        let again = start(name("Other"), store).await.expect("it starts");
        assert_eq!((again.name(), again.id()), (name("Kitchen"), id.as_str()));
    }
}
