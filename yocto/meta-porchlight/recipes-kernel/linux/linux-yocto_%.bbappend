FILESEXTRAPATHS:prepend := "${THISDIR}/files:"

SRC_URI:append:porchlight = " file://porchlight.cfg"
