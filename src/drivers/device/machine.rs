//! What the machine says it is: Devicetree Specification section 2.3 (`model`, `compatible`), SMBIOS through `/sys/class/dmi`.

use std::path::Path;

use crate::model::board::Machine;

/// Reads it. What is not there is empty.
pub fn machine() -> Machine {
    below(Path::new("/"))
}

fn below(root: &Path) -> Machine {
    // Texts of the device tree end with a zero byte, lists have one between their entries.
    let texts = |path: &str| -> Vec<String> {
        let bytes = std::fs::read(root.join(path)).unwrap_or_default();
        let texts = bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).trim().to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let first = |path| texts(path).into_iter().next().unwrap_or_default();
    Machine {
        model: first("proc/device-tree/model"),
        compatible: texts("proc/device-tree/compatible"),
        product: first("sys/class/dmi/id/product_name"),
        architecture: std::env::consts::ARCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_its_device_tree_and_its_firmware() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(below(root.path()), Machine { architecture: std::env::consts::ARCH, ..Machine::default() });
        for (file, bytes) in [
            ("proc/device-tree/model", b"Raspberry Pi 4 Model B Rev 1.4\0".as_slice()),
            ("proc/device-tree/compatible", b"raspberrypi,4-model-b\0brcm,bcm2711\0"),
            ("sys/class/dmi/id/product_name", b"NUC\n"),
        ] {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
            std::fs::write(file, bytes).expect("it writes");
        }
        let found = below(root.path());
        assert_eq!(found.model, "Raspberry Pi 4 Model B Rev 1.4");
        assert_eq!(found.compatible, ["raspberrypi,4-model-b", "brcm,bcm2711"]);
        assert_eq!(found.product, "NUC");
    }
}
