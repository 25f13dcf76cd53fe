SUMMARY = "A box that runs Porchlight: read-only, in two slots, updated by RAUC"
LICENSE = "MIT"

# The slots hold the same file as a bundle does. The card has both slots, so that the first update has somewhere to go.
IMAGE_FSTYPES = "squashfs-zst wic.zst wic.bmap"
IMAGE_TYPEDEP:wic = "squashfs-zst"
IMAGE_FEATURES += "read-only-rootfs"
IMAGE_LINGUAS = ""

# The kernel is in its slot, where U-Boot reads it; on a Pi 5 it is in the boot partition of the slot.
PORCHLIGHT_KERNEL = "kernel-image"
PORCHLIGHT_KERNEL:raspberrypi5 = ""
PORCHLIGHT_KERNEL:rock-5b = "kernel-image kernel-devicetree"
PORCHLIGHT_BOOT_TOOLS = "${@bb.utils.contains('PORCHLIGHT_BOOT', 'uboot', 'libubootenv-bin u-boot-env', 'porchlight-tryboot', d)}"

IMAGE_INSTALL = "\
    packagegroup-core-boot \
    packagegroup-porchlight \
    kernel-modules \
    ${PORCHLIGHT_KERNEL} \
    ${PORCHLIGHT_BOOT_TOOLS} \
"
# Firmware of the radio is what the machine recommends.
IMAGE_INSTALL:append:rpi = " libcamera libcamera-gst ${MACHINE_EXTRA_RRECOMMENDS}"

inherit core-image

# What the wic files copy besides the root.
do_image_wic[depends] += "${@bb.utils.contains('PORCHLIGHT_BOOT', 'tryboot', 'porchlight-boot:do_deploy', '', d)}"

# By this a box knows a version that it has never started (porchlight-good).
porchlight_image_id () {
    install -d ${IMAGE_ROOTFS}${nonarch_libdir}/porchlight
    echo "${IMAGE_NAME}" > ${IMAGE_ROOTFS}${nonarch_libdir}/porchlight/image
}
porchlight_image_id[vardepsexclude] += "IMAGE_NAME"
ROOTFS_POSTPROCESS_COMMAND += "porchlight_image_id"
