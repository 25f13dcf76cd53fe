//! Screens, by what the kernel says of its DRM connectors.

use std::fs::read_to_string;
use std::path::Path;

/// A connector with a screen on it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Screen {
    /// The connector, such as `HDMI-A-1`.
    pub name: String,
    /// DRM's number of the connector, where the kernel tells it.
    pub connector: Option<u32>,
    /// Pixels across and down of the mode the screen likes best.
    pub size: Option<(u32, u32)>,
    /// DRM's name of its driver, where GStreamer does not look for it by itself.
    pub driver: Option<&'static str>,
}

/// The kernel's drivers of devices that `kmssink` of GStreamer 1.22 has to be told of, and DRM's names of them: those of virtual
/// machines.
const UNKNOWN: [(&str, &str); 2] = [("virtio_gpu", "virtio_gpu"), ("virtio-pci", "virtio_gpu")];

/// The connected screens below a folder like `/sys/class/drm`, by name.
pub fn find(folder: &Path) -> Vec<Screen> {
    let connectors = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut screens: Vec<_> = connectors.filter_map(|entry| read(&entry.path())).collect();
    screens.sort_by(|a, b| a.name.cmp(&b.name));
    screens
}

fn read(connector: &Path) -> Option<Screen> {
    let name = connector.file_name()?.to_str()?.strip_prefix("card")?.split_once('-')?.1.to_owned();
    if read_to_string(connector.join("status")).ok()?.trim() != "connected" {
        return None;
    }
    let number = read_to_string(connector.join("connector_id")).ok().and_then(|text| text.trim().parse().ok());
    let modes = read_to_string(connector.join("modes")).unwrap_or_default();
    let size = modes.lines().next().and_then(|mode| {
        let (width, height) = mode.split_once('x')?;
        let digits = height.find(|c: char| !c.is_ascii_digit()).unwrap_or(height.len());
        Some((width.parse().ok()?, height[..digits].parse().ok()?))
    });
    // The connector is below its card, and that has its device.
    let driver = std::fs::read_link(connector.join("device/device/driver")).ok();
    let driver = driver.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let driver = UNKNOWN.into_iter().find(|(unknown, _)| driver.as_deref() == Some(unknown)).map(|(_, name)| name);
    Some(Screen { name, connector: number, size, driver })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connected_screens_are_listed_with_their_best_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let connector = |name: &str, files: &[(&str, &str)]| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("a folder");
            for (file, text) in files {
                std::fs::write(path.join(file), text).expect("a file");
            }
        };
        connector("card0", &[]);
        connector("card1-HDMI-A-2", &[("status", "disconnected\n")]);
        connector(
            "card1-HDMI-A-1",
            &[("status", "connected\n"), ("modes", "1920x1080i\n1280x720\n"), ("connector_id", "33\n")],
        );
        connector("card1-DSI-1", &[("status", "connected\n"), ("modes", "")]);
        for (of, driver) in [("card1-DSI-1", "virtio-pci"), ("card1-HDMI-A-1", "vc4-drm")] {
            let device = folder.path().join(of).join("device/device");
            std::fs::create_dir_all(&device).expect("a folder");
            std::os::unix::fs::symlink(format!("/nowhere/{driver}"), device.join("driver")).expect("a link");
        }
        let expected = [
            Screen { name: "DSI-1".to_owned(), connector: None, size: None, driver: Some("virtio_gpu") },
            Screen { name: "HDMI-A-1".to_owned(), connector: Some(33), size: Some((1920, 1080)), driver: None },
        ];
        assert_eq!(find(folder.path()), expected);
        assert_eq!(find(&folder.path().join("nothing")), []);
    }
}
