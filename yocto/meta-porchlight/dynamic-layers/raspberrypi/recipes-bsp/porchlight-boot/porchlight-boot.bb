SUMMARY = "What the firmware of a Raspberry Pi 5 starts a slot from, and the partition by which it chooses one"
LICENSE = "MIT"

INHIBIT_DEFAULT_DEPS = "1"
DEPENDS = "dosfstools-native mtools-native"
PACKAGE_ARCH = "${MACHINE_ARCH}"
COMPATIBLE_MACHINE = "^raspberrypi5$"

inherit deploy nopackages

do_fetch[noexec] = "1"
do_unpack[noexec] = "1"
do_patch[noexec] = "1"
do_configure[noexec] = "1"
do_compile[depends] += "virtual/kernel:do_deploy rpi-bootfiles:do_deploy rpi-config:do_deploy rpi-cmdline:do_deploy"
do_compile[cleandirs] = "${B}"

# The list of meta-raspberrypi: names, or names and where they go ("kernel;kernel8.img"), or a folder with all that is in it.
do_compile () {
    entries="${IMAGE_BOOT_FILES}"
    for entry in $entries; do
        from="${entry%%;*}"
        to=""
        if [ "$from" != "$entry" ]; then
            to="${entry#*;}"
        fi
        for file in ${DEPLOY_DIR_IMAGE}/$from; do
            install -D -m 0644 "$file" "boot/${to:-$(basename $file)}"
        done
    done
    # config.txt names one of these for each of the two partitions.
    printf '%s root=%s rootfstype=squashfs ro panic=10 rauc.slot=A\n' "$(cat boot/cmdline.txt)" "${PORCHLIGHT_DISK}${PORCHLIGHT_SLOT_A}" > boot/cmdline-A.txt
    printf '%s root=%s rootfstype=squashfs ro panic=10 rauc.slot=B\n' "$(cat boot/cmdline.txt)" "${PORCHLIGHT_DISK}${PORCHLIGHT_SLOT_B}" > boot/cmdline-B.txt
    mkfs.vfat -S 512 -n PL-BOOT -C boot.vfat 122880
    mcopy -i boot.vfat -s boot/* ::/

    printf '[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n' > autoboot.txt
    mkfs.vfat -S 512 -n PORCHLIGHT -C chooser.vfat 30720
    mcopy -i chooser.vfat autoboot.txt ::/autoboot.txt
}

do_deploy () {
    install -m 0644 boot.vfat ${DEPLOYDIR}/porchlight-boot.vfat
    install -m 0644 chooser.vfat ${DEPLOYDIR}/porchlight-chooser.vfat
}
addtask deploy after do_compile before do_build
