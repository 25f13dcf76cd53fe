SUMMARY = "What RAUC knows of a Porchlight box: its slots, and whose updates it takes"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://system-uboot.conf file://system-tryboot.conf file://development-keys"
S = "${UNPACKDIR}"

PACKAGE_ARCH = "${MACHINE_ARCH}"
RPROVIDES:${PN} += "virtual-rauc-conf"
RCONFLICTS:${PN} += "rauc-conf"
INHIBIT_DEFAULT_DEPS = "1"
do_compile[noexec] = "1"

# Made once, in the build folder: a box that was built with it takes updates that were built later. Not made when somebody gives another
# keyring, certificate and key.
do_porchlight_keys () {
    case "${PORCHLIGHT_KEYRING} ${PORCHLIGHT_CERT} ${PORCHLIGHT_KEY}" in
    *${PORCHLIGHT_DEVELOPMENT_KEYS}/*)
        PATH="${STAGING_BINDIR_NATIVE}:$PATH" sh ${UNPACKDIR}/development-keys "${PORCHLIGHT_DEVELOPMENT_KEYS}"
        bbwarn "Updates are signed by a development authority in ${PORCHLIGHT_DEVELOPMENT_KEYS}: set PORCHLIGHT_KEYRING, PORCHLIGHT_CERT and PORCHLIGHT_KEY for boxes that leave your desk."
        ;;
    esac
    for file in "${PORCHLIGHT_KEYRING}" "${PORCHLIGHT_CERT}"; do
        [ -s "$file" ] || bbfatal "There is no $file: PORCHLIGHT_KEYRING and PORCHLIGHT_CERT name files, as docs/operate/yocto.md has them."
    done
}
do_porchlight_keys[depends] = "openssl-native:do_populate_sysroot"
do_porchlight_keys[lockfiles] = "${TOPDIR}/porchlight-keys.lock"
addtask porchlight_keys after do_unpack do_prepare_recipe_sysroot before do_install

DEPENDS = "openssl-native"

do_install () {
    install -d ${D}${sysconfdir}/rauc
    sed -e 's|@COMPATIBLE@|${PORCHLIGHT_COMPATIBLE}|' \
        -e 's|@DISK@|${PORCHLIGHT_DISK}|' \
        -e 's|@SLOT_A@|${PORCHLIGHT_SLOT_A}|' \
        -e 's|@SLOT_B@|${PORCHLIGHT_SLOT_B}|' \
        ${UNPACKDIR}/system-${PORCHLIGHT_BOOT}.conf > ${D}${sysconfdir}/rauc/system.conf
    install -m 0644 ${PORCHLIGHT_KEYRING} ${D}${sysconfdir}/rauc/keyring.pem
}
do_install[file-checksums] += "${PORCHLIGHT_KEYRING}:False"
