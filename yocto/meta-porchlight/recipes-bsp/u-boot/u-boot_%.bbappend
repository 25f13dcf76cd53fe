FILESEXTRAPATHS:prepend := "${THISDIR}/files:"

# Which of the two places the environment has; nothing where a board is not started by U-Boot.
PORCHLIGHT_ENV ?= "mmc"
PORCHLIGHT_ENV:qemuarm64 ?= "virtio"
PORCHLIGHT_ENV_FILES:raspberrypi5 = ""
PORCHLIGHT_ENV_FILES = "file://porchlight.cfg file://porchlight-env-${PORCHLIGHT_ENV}.cfg file://${PORCHLIGHT_ENV}/fw_env.config"

SRC_URI:append:porchlight = " ${PORCHLIGHT_ENV_FILES}"
DEPENDS:append:porchlight = " ${@bb.utils.contains('PORCHLIGHT_BOOT', 'uboot', 'u-boot-default-script', '', d)}"

# A setting that this version of U-Boot does not know is dropped without a word, and a box would count its starts nowhere.
do_configure:append:porchlight () {
    if [ "${PORCHLIGHT_BOOT}" = uboot ]; then
        for setting in $(sed -n 's/^\(CONFIG_[A-Z0-9_]*=[^ ]*\)$/\1/p' ${UNPACKDIR}/porchlight.cfg ${UNPACKDIR}/porchlight-env-${PORCHLIGHT_ENV}.cfg); do
            grep -qxF "$setting" ${B}/.config || bbfatal "U-Boot has no $setting in its configuration"
        done
    fi
}

do_install:append:porchlight () {
    if [ "${PORCHLIGHT_BOOT}" = uboot ]; then
        install -D -m 0644 ${UNPACKDIR}/${PORCHLIGHT_ENV}/fw_env.config ${D}${sysconfdir}/fw_env.config
    fi
}
