SUMMARY = "What makes a read-only system of a Porchlight box: its data, its watchdog, what lies on the boot partition"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

# In QEMU, U-Boot's environment is a file on the boot partition, which fw_setenv has to reach.
PORCHLIGHT_UNITS:append:qemuarm64 = " boot.mount"
PORCHLIGHT_UNITS = "var-lib.mount porchlight-grow.service porchlight-boot-files.service porchlight-machine-id.service porchlight-ssh.service porchlight-good.service"
PORCHLIGHT_SCRIPTS = "grow boot-files machine-id good"
SRC_URI = "\
    file://boot-files \
    file://boot.mount \
    file://dbus.conf \
    file://dnsmasq.conf \
    file://good \
    file://grow \
    file://journal.conf \
    file://machine-id \
    file://networkmanager.conf \
    file://porchlight-boot-files.service \
    file://porchlight-good.service \
    file://porchlight-grow.service \
    file://porchlight-image.conf \
    file://porchlight-machine-id.service \
    file://porchlight-ssh.service \
    file://porchlight.preset \
    file://porchlight_sshd_config \
    file://tmpfiles.conf \
    file://var-lib.mount \
    file://watchdog.conf \
"
S = "${UNPACKDIR}"

# Where the partitions are is a matter of the board.
PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit systemd features_check
REQUIRED_DISTRO_FEATURES = "systemd"

SYSTEMD_SERVICE:${PN} = "${PORCHLIGHT_UNITS}"

# Where what people put on the boot partition is read: a partition, or a folder where it is mounted already.
PORCHLIGHT_BOOT_PARTITION ?= "${PORCHLIGHT_DISK}1"
PORCHLIGHT_BOOT_PARTITION:qemuarm64 ?= "/boot"

# As systemd-escape --path --suffix=device has it, for names of disks.
PORCHLIGHT_DATA_UNIT = "${@(d.getVar('PORCHLIGHT_DISK') + d.getVar('PORCHLIGHT_DATA'))[1:].replace('/', '-')}.device"

do_compile[noexec] = "1"

do_install () {
    install -d ${D}${systemd_system_unitdir} ${D}${libexecdir}/porchlight
    for unit in ${PORCHLIGHT_UNITS}; do
        sed -e 's|@DATA_UNIT@|${PORCHLIGHT_DATA_UNIT}|' \
            -e 's|@DATA@|${PORCHLIGHT_DISK}${PORCHLIGHT_DATA}|' \
            -e 's|@BOOT@|${PORCHLIGHT_BOOT_PARTITION}|' \
            ${UNPACKDIR}/$unit > ${D}${systemd_system_unitdir}/$unit
    done
    for script in ${PORCHLIGHT_SCRIPTS}; do
        install -m 0755 ${UNPACKDIR}/$script ${D}${libexecdir}/porchlight/$script
    done
    install -D -m 0644 ${UNPACKDIR}/watchdog.conf ${D}${nonarch_libdir}/systemd/system.conf.d/porchlight.conf
    install -D -m 0644 ${UNPACKDIR}/journal.conf ${D}${nonarch_libdir}/systemd/journald.conf.d/porchlight.conf
    install -D -m 0644 ${UNPACKDIR}/porchlight.preset ${D}${nonarch_libdir}/systemd/system-preset/00-porchlight.preset
    install -D -m 0644 ${UNPACKDIR}/porchlight-image.conf ${D}${systemd_system_unitdir}/porchlight.service.d/image.conf
    install -D -m 0644 ${UNPACKDIR}/tmpfiles.conf ${D}${nonarch_libdir}/tmpfiles.d/porchlight-system.conf
    install -D -m 0644 ${UNPACKDIR}/networkmanager.conf ${D}${nonarch_libdir}/NetworkManager/conf.d/porchlight.conf
    install -D -m 0644 ${UNPACKDIR}/dbus.conf ${D}${sysconfdir}/dbus-1/system.d/porchlight.conf
    install -D -m 0644 ${UNPACKDIR}/dnsmasq.conf ${D}${sysconfdir}/NetworkManager/dnsmasq-shared.d/porchlight.conf
    # By this the daemon knows that the box is an image.
    install -d ${D}${nonarch_libdir}/porchlight
    echo "porchlight ${DISTRO_VERSION}" > ${D}${nonarch_libdir}/porchlight/image
    install -D -m 0600 ${UNPACKDIR}/porchlight_sshd_config ${D}${sysconfdir}/ssh/porchlight_sshd_config
}

FILES:${PN} += "${systemd_system_unitdir} ${nonarch_libdir}/systemd ${nonarch_libdir}/NetworkManager ${nonarch_libdir}/porchlight ${nonarch_libdir}/tmpfiles.d"
RDEPENDS:${PN} = "e2fsprogs-e2fsck util-linux-partx util-linux-sfdisk"
