SUMMARY = "A call hub and broadcast node for the box under the television"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE-MIT;md5=ab6594b21fce0b52c9e08dff8bf0673e \
    file://LICENSE-APACHE;md5=22a53954e4e0ec258dfce4391e905dac \
"

# The commit that is checked out around this layer, so that the lists of crates and packages beside this file are those of its lock
# files. Somebody who keeps the layer elsewhere sets the address, and SRCREV.
PORCHLIGHT_SOURCE ?= "git://${PORCHLIGHT_CHECKOUT};protocol=file;usehead=1"
SRC_URI = "${PORCHLIGHT_SOURCE}"
SRCREV ?= "${AUTOREV}"
PV = "0.1.0+git"

# Written by yocto/lists. What is unpacked into the sources comes after them.
require porchlight-npm.inc
require porchlight-crates.inc

inherit cargo cargo-update-recipe-crates pkgconfig systemd useradd

# clang reads the kernel's headers for the crate v4l; aws-lc and SQLite, in C, are part of their crates; node makes the pages.
DEPENDS = "alsa-lib clang-native cmake-native glib-2.0 gstreamer1.0 gstreamer1.0-plugins-base nodejs-native"
export LIBCLANG_PATH = "${STAGING_LIBDIR_NATIVE}"
export BINDGEN_EXTRA_CLANG_ARGS = "${HOST_CC_ARCH}${TOOLCHAIN_OPTIONS} --target=${TARGET_SYS}"

# The crate of aws-lc has its bindings by the name that Rust has for the kind of machine, which in Yocto is another one.
export AWS_LC_SYS_EFFECTIVE_TARGET = "${TARGET_ARCH}-unknown-linux-gnu"

CARGO_BUILD_FLAGS:append = " --bin porchlight"

# The pages are embedded in the program. All that they are made of is in the list, so that npm is not asked for anything. Nothing of
# the two programs in node_modules (esbuild, TypeScript) comes into the image.
do_compile:prepend () {
    (cd ${S}/web && node build.mjs)
}

do_install () {
    install -D -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/porchlight ${D}${bindir}/porchlight
    install -D -m 0644 ${S}/config/porchlight.toml ${D}${sysconfdir}/porchlight/porchlight.toml

    install -d ${D}${systemd_system_unitdir}
    install -m 0644 ${S}/systemd/porchlight.service ${S}/systemd/porchlight.socket ${S}/systemd/porchlight-https.socket \
        ${S}/systemd/porchlight-confirm.service ${S}/systemd/porchlight-reboot.path ${S}/systemd/porchlight-reboot.service \
        ${D}${systemd_system_unitdir}
    # The user is in the image (below): /etc can't be written to when it starts.
    install -D -m 0644 ${S}/systemd/porchlight.tmpfiles ${D}${nonarch_libdir}/tmpfiles.d/porchlight.conf
    install -D -m 0644 ${S}/systemd/70-porchlight.rules ${D}${nonarch_base_libdir}/udev/rules.d/70-porchlight.rules
}

SYSTEMD_SERVICE:${PN} = "porchlight.service porchlight.socket porchlight-https.socket porchlight-confirm.service porchlight-reboot.path porchlight-reboot.service"

USERADD_PACKAGES = "${PN}"
# The numbers stay the same from image to image, or nothing on the data partition would belong to the daemon any more.
PORCHLIGHT_UID ?= "780"
PORCHLIGHT_GPIO_GID ?= "781"
PORCHLIGHT_RENDER_GID ?= "782"
GROUPADD_PARAM:${PN} = "--system --gid ${PORCHLIGHT_UID} porchlight; --system --gid ${PORCHLIGHT_GPIO_GID} gpio; --system --gid ${PORCHLIGHT_RENDER_GID} render"
USERADD_PARAM:${PN} = "--system --uid ${PORCHLIGHT_UID} --gid porchlight --groups video,audio,render,gpio --no-create-home \
    --home-dir ${localstatedir}/lib/porchlight --shell ${base_sbindir}/nologin --comment Porchlight porchlight"

FILES:${PN} += "${nonarch_libdir}/tmpfiles.d ${nonarch_base_libdir}/udev/rules.d"
CONFFILES:${PN} = "${sysconfdir}/porchlight/porchlight.toml"
RDEPENDS:${PN} = "packagegroup-porchlight-media ca-certificates"
