# The boot loader's part (U-Boot, hush): which of the two systems starts, counted in an environment of which there are two copies on the
# bare disk, each with its checksum, so that whatever moment the power goes at, one of them is whole. image/bootenv is the same for Linux.
#
# BOOT_ORDER        the systems, the one that is tried first in front
# BOOT_A_LEFT, …    how often a system may still be tried: a new one 3 times, one that is good 9 times
# SEQ               rises with every copy that is written (hexadecimal, as all numbers of this shell are)

setenv env_size 0x4000
setenv env_blocks 0x20
setenv env_lba_0 0x2000
setenv env_lba_1 0x4000
setenv env_names "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT SEQ"
setenv env_at ${kernel_addr_r}
setenv env_older 0
setenv seq_0
setenv BOOT_ORDER "A B"
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
setenv SEQ 0

${devtype} dev ${devnum}
if ${devtype} read ${env_at} ${env_lba_0} ${env_blocks} && env import -c ${env_at} ${env_size} ${env_names}; then
  setenv env_older 1
  setenv seq_0 ${SEQ}
fi
if ${devtype} read ${env_at} ${env_lba_1} ${env_blocks} && env import -c ${env_at} ${env_size} ${env_names}; then
  if test -n "${seq_0}" && itest ${seq_0} -gt ${SEQ}; then
    ${devtype} read ${env_at} ${env_lba_0} ${env_blocks}
    env import -c ${env_at} ${env_size} ${env_names}
  else
    setenv env_older 0
  fi
fi

setenv slot
for try in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${try}" = A && itest ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv slot A
    setenv slot_part 2
  elif test "${try}" = B && itest ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv slot B
    setenv slot_part 3
  fi
done
if test -z "${slot}"; then
  # Neither came up as often as it was tried: both get another chance, as a box that does nothing helps nobody.
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
fi

setexpr SEQ ${SEQ} + 1
env export -c -s ${env_size} ${env_at} ${env_names}
if test ${env_older} = 0; then
  ${devtype} write ${env_at} ${env_lba_0} ${env_blocks}
else
  ${devtype} write ${env_at} ${env_lba_1} ${env_blocks}
fi
echo "porchlight: system ${slot}, left A=${BOOT_A_LEFT} B=${BOOT_B_LEFT}, order ${BOOT_ORDER}, copy ${env_older} now ${SEQ}"
if test -z "${slot}"; then
  reset
fi

# extra=… in this file of the boot partition goes to the kernel.
setenv extra
if load ${devtype} ${devnum}:1 ${env_at} bootargs.txt; then
  env import -t ${env_at} ${filesize} extra
fi
setenv console "console=tty1"
if test "${devtype}" = virtio; then
  setenv console "console=tty1 console=ttyAMA0,115200"
fi
test -n "${fdt_addr}" || setenv fdt_addr ${fdtcontroladdr}
# The disk as image/disk.sfdisk names it.
setenv bootargs "porchlight.disk=706f7263 porchlight.slot=${slot} rauc.slot=${slot} ro quiet panic=10 ${console} ${extra}"
if load ${devtype} ${devnum}:${slot_part} ${kernel_addr_r} boot/vmlinuz && load ${devtype} ${devnum}:${slot_part} ${ramdisk_addr_r} boot/initrd; then
  booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}
fi
# What can't be loaded was counted, too. No apostrophe in a text: U-Boot 2023.01 takes it for an open quotation.
echo "porchlight: system ${slot} cannot be started"
sleep 2
reset
