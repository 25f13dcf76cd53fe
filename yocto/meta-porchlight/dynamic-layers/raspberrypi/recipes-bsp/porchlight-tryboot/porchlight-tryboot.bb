SUMMARY = "RAUC's way to the firmware of a Raspberry Pi 5, which chooses between slots"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://tryboot"
S = "${UNPACKDIR}"
PACKAGE_ARCH = "${MACHINE_ARCH}"
COMPATIBLE_MACHINE = "^raspberrypi5$"
do_compile[noexec] = "1"

do_install () {
    install -d ${D}${libexecdir}/porchlight
    sed -e 's|@CHOOSER@|${PORCHLIGHT_DISK}1|' ${UNPACKDIR}/tryboot > ${D}${libexecdir}/porchlight/tryboot
    chmod 0755 ${D}${libexecdir}/porchlight/tryboot
}
