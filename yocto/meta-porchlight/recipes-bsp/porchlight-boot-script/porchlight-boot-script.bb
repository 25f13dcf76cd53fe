SUMMARY = "U-Boot's script that chooses the slot of a Porchlight box"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

# meta-raspberrypi asks for a script by this name.
PROVIDES += "u-boot-default-script"
DEPENDS = "u-boot-mkimage-native"
INHIBIT_DEFAULT_DEPS = "1"

SRC_URI = "file://boot.cmd.in"
S = "${UNPACKDIR}"

inherit deploy nopackages

# U-Boot's name of the disk that it was started from.
PORCHLIGHT_UBOOT_DISK ?= "mmc 0"
PORCHLIGHT_UBOOT_DISK:qemuarm64 ?= "virtio 0"
PORCHLIGHT_APPEND ?= ""
PORCHLIGHT_APPEND:qemuarm64 ?= "console=ttyAMA0"
PORCHLIGHT_APPEND:rock-5b ?= "console=ttyS2,1500000n8"

# The firmware of a Raspberry Pi, and QEMU, hand over a device tree; elsewhere it is beside the kernel.
PORCHLIGHT_DTB ?= ""
PORCHLIGHT_DTB:rock-5b ?= "${@os.path.basename((d.getVar('KERNEL_DEVICETREE') or '').split(' ')[0])}"
DEVICE_TREE_GIVEN = "setenv porchlight_fdt \${fdt_addr}; fdt addr \${porchlight_fdt} \&\& fdt get value bootargs /chosen bootargs"
DEVICE_TREE_LOADED = "setenv porchlight_fdt \${fdt_addr_r}; load \${porchlight_part} \${porchlight_fdt} /boot/${PORCHLIGHT_DTB}"

do_compile () {
    sed -e 's|@DISK@|${PORCHLIGHT_UBOOT_DISK}|' \
        -e 's|@SLOT_A@|${PORCHLIGHT_SLOT_A}|' \
        -e 's|@SLOT_B@|${PORCHLIGHT_SLOT_B}|' \
        -e 's|@KERNEL@|${KERNEL_IMAGETYPE}|' \
        -e 's|@APPEND@|${PORCHLIGHT_APPEND}|' \
        -e 's|@DEVICE_TREE@|${@d.getVar('DEVICE_TREE_LOADED' if d.getVar('PORCHLIGHT_DTB') else 'DEVICE_TREE_GIVEN')}|' \
        ${UNPACKDIR}/boot.cmd.in > boot.cmd
    uboot-mkimage -A arm64 -T script -C none -n "Porchlight" -d boot.cmd boot.scr
}

do_deploy () {
    install -m 0644 boot.scr ${DEPLOYDIR}/boot.scr
}
addtask deploy after do_compile before do_build

PACKAGE_ARCH = "${MACHINE_ARCH}"
