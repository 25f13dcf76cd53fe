SUMMARY = "An update of a Porchlight box"
LICENSE = "MIT"

inherit bundle

RAUC_BUNDLE_COMPATIBLE = "${PORCHLIGHT_COMPATIBLE}"
RAUC_BUNDLE_VERSION = "${DISTRO_VERSION}"
RAUC_BUNDLE_DESCRIPTION = "Porchlight ${DISTRO_VERSION} for ${MACHINE}"
# The content is checked block by block while it is read, from a disk or a web server, with no room needed for all of it.
RAUC_BUNDLE_FORMAT = "verity"

RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "porchlight-image"
RAUC_SLOT_rootfs[fstype] = "squashfs-zst"
RAUC_SLOT_rootfs[rename] = "rootfs.img"

# A Pi 5 starts kernel and device tree from a partition of the slot.
RAUC_BUNDLE_SLOTS:append:raspberrypi5 = " boot"
RAUC_SLOT_boot = "porchlight-boot"
RAUC_SLOT_boot[type] = "file"
RAUC_SLOT_boot[file] = "porchlight-boot.vfat"
RAUC_SLOT_boot[rename] = "boot.vfat"

RAUC_KEY_FILE = "${PORCHLIGHT_KEY}"
RAUC_CERT_FILE = "${PORCHLIGHT_CERT}"
RAUC_KEYRING_FILE = "${PORCHLIGHT_KEYRING}"
# The development authority, unless somebody gives another.
do_bundle[depends] += "porchlight-rauc-conf:do_porchlight_keys"
