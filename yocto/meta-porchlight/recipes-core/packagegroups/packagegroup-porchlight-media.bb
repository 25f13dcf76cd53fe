SUMMARY = "Plugins of GStreamer for Porchlight"

PACKAGE_ARCH = "${TUNE_PKGARCH}"

inherit packagegroup

# Plugins of GStreamer that the daemon uses, and no others: each is a line of the table in src/drivers/pipeline/elements.rs, and
# yocto/check holds both to each other.
RDEPENDS:${PN} = "\
    glib-networking \
    gstreamer1.0 \
    gstreamer1.0-libav \
    gstreamer1.0-plugins-bad-debugutilsbad \
    gstreamer1.0-plugins-bad-kms \
    gstreamer1.0-plugins-bad-mpegtsmux \
    gstreamer1.0-plugins-bad-openh264 \
    gstreamer1.0-plugins-bad-rtmp2 \
    gstreamer1.0-plugins-bad-srt \
    gstreamer1.0-plugins-bad-videoparsersbad \
    gstreamer1.0-plugins-bad-webrtcdsp \
    gstreamer1.0-plugins-base-alsa \
    gstreamer1.0-plugins-base-app \
    gstreamer1.0-plugins-base-audioconvert \
    gstreamer1.0-plugins-base-audioresample \
    gstreamer1.0-plugins-base-opus \
    gstreamer1.0-plugins-base-pango \
    gstreamer1.0-plugins-base-videoconvertscale \
    gstreamer1.0-plugins-base-videorate \
    gstreamer1.0-plugins-base-volume \
    gstreamer1.0-plugins-good-flv \
    gstreamer1.0-plugins-good-jpeg \
    gstreamer1.0-plugins-good-rtp \
    gstreamer1.0-plugins-good-rtpmanager \
    gstreamer1.0-plugins-good-rtsp \
    gstreamer1.0-plugins-good-udp \
    gstreamer1.0-plugins-good-video4linux2 \
    gstreamer1.0-plugins-good-videobox \
    gstreamer1.0-plugins-good-videocrop \
    gstreamer1.0-plugins-good-vpx \
    gstreamer1.0-plugins-ugly-x264 \
    ttf-dejavu-sans \
"
