// A program that U-Boot takes for a kernel (Linux, Documentation/arch/arm64/booting.rst): prints what it is told and starts the machine again.
	b	start
	.long	0
	.quad	0			// text offset
	.quad	0x10000			// size
	.quad	0xa			// anywhere, 4 KiB pages, little endian
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	ldr	x1, =0x09000000		// the first serial port of QEMU's board
	adr	x2, title
1:	ldrb	w3, [x2], #1
	cbz	w3, 2f
	str	w3, [x1]
	b	1b

	// The device tree is at x0: what begins with "console=" in it are the kernel's arguments.
2:	adr	x2, wanted
	mov	x4, x0
3:	ldrb	w3, [x2], #1
	cbz	w3, 4f
	ldrb	w5, [x4], #1
	cmp	w3, w5
	b.eq	3b
	add	x0, x0, #1
	b	2b
4:	ldrb	w3, [x0], #1
	cbz	w3, 5f
	str	w3, [x1]
	b	4b
5:	mov	w3, #10
	str	w3, [x1]

	ldr	x0, =0x84000009		// PSCI, SYSTEM_RESET
	hvc	#0
6:	b	6b

title:	.asciz	"\nkernel: "
wanted:	.asciz	"console="
