FILESEXTRAPATHS:prepend := "${THISDIR}/files:${PORCHLIGHT_KERNEL_FILES}:"

SRC_URI:append:porchlight = " file://porchlight.cfg file://raspberrypi.cfg"
