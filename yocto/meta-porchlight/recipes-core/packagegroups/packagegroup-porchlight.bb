SUMMARY = "What a Porchlight box is made of"

# Some of it is another for each board.
PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit packagegroup

RDEPENDS:${PN} = "\
    porchlight \
    porchlight-system \
    dnsmasq \
    networkmanager \
    networkmanager-nmcli \
    networkmanager-wifi \
    openssh-keygen \
    openssh-sshd \
    porchlight-rauc-conf \
    rauc \
    tzdata-core \
    v4l-utils \
"
