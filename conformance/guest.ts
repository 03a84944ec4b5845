/**
 * A guest of our own: 240 bytes of 16-bit code that QEMU starts in place of its
 * BIOS, so that it is up at once and does what we say.
 *
 * It wakes a hundred times a second and writes to 128 pages, so that a precopy
 * whose `downtime-limit` is too short for these 512 KiB never converges: with the
 * usual 300 ms, below 1.7 MB/s, and with a short one, below 50 MB/s.  It listens to
 * the keyboard, so that `send-key` has it suspend, reset, panic and so on.  It runs
 * from its start again after a reset and after a wake-up.
 *
 * It needs the machine `pc`, a processor without an APIC (an APIC is deaf to
 * the old interrupt controller until it is told otherwise), and the devices
 * that `guestArgs` adds.
 */
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { store } from './store.ts'

/** Bytes in hex, and what they mean to an assembler that reads Intel's syntax. */
type Instruction = readonly [bytes: string, text: string]

/** @internal The program, instruction by instruction; it is at 0xf0000. */
export const program: readonly Instruction[] = [
  // No interrupt before there is somewhere to go.
  ['fa', 'start: cli'],
  ['fc', 'cld'],
  ['31 c0', 'xor ax, ax'],
  ['8e d8', 'mov ds, ax'],
  ['8e d0', 'mov ss, ax'],
  ['bc 00 70', 'mov sp, 0x7000'],
  // Interrupt controller: four words of set-up follow,
  ['b0 11', 'mov al, 0x11'],
  ['e6 20', 'out 0x20, al'],
  // its lines are vectors from 8 on,
  ['b0 08', 'mov al, 8'],
  ['e6 21', 'out 0x21, al'],
  // the second one is on line 2,
  ['b0 04', 'mov al, 4'],
  ['e6 21', 'out 0x21, al'],
  // 8086, and each interrupt ends by itself.
  ['b0 03', 'mov al, 3'],
  ['e6 21', 'out 0x21, al'],
  // Only the timer is heard.
  ['b0 fe', 'mov al, 0xfe'],
  ['e6 21', 'out 0x21, al'],
  // Vector 8 is `tick`, below.
  ['c7 06 20 00 ef 00', 'mov word ptr [0x20], offset tick'],
  ['c7 06 22 00 00 f0', 'mov word ptr [0x22], 0xf000'],
  // Timer: 1,193,182 Hz by 0x2e9c is a hundred ticks a second.
  ['b0 34', 'mov al, 0x34'],
  ['e6 43', 'out 0x43, al'],
  ['b0 9c', 'mov al, 0x9c'],
  ['e6 40', 'out 0x40, al'],
  ['b0 2e', 'mov al, 0x2e'],
  ['e6 40', 'out 0x40, al'],
  ['ba f8 0c', 'mov dx, 0xcf8'],
  // PIIX4 power management (bus 0, device 1, function 3): PMBA := 0xb000,
  ['66 b8 40 0b 00 80', 'mov eax, 0x80000b40'],
  ['66 ef', 'out dx, eax'],
  ['ba fc 0c', 'mov dx, 0xcfc'],
  ['66 b8 01 b0 00 00', 'mov eax, 0xb001'],
  ['66 ef', 'out dx, eax'],
  ['ba f8 0c', 'mov dx, 0xcf8'],
  // and PMREGMISC: its ports are on.
  ['66 b8 80 0b 00 80', 'mov eax, 0x80000b80'],
  ['66 ef', 'out dx, eax'],
  ['ba fc 0c', 'mov dx, 0xcfc'],
  ['b0 01', 'mov al, 1'],
  ['ee', 'out dx, al'],
  // cl: the last byte of the keyboard; ch: the one before.
  ['31 c9', 'xor cx, cx'],
  // bp: whether memory is touched.
  ['bd 01 00', 'mov bp, 1'],
  ['fb', 'sti'],
  // Sleeps until the next tick, so that a pair of these takes little of a processor.
  ['f4', 'again: hlt'],
  // Has a key come?  One byte a tick.
  ['e4 64', 'in al, 0x64'],
  ['a8 01', 'test al, 1'],
  ['74 69', 'jz touch'],
  ['e4 60', 'in al, 0x60'],
  ['88 cd', 'mov ch, cl'],
  ['88 c1', 'mov cl, al'],
  // 0xf0 and a code: that key is up again, which is nothing new.
  ['80 fd f0', 'cmp ch, 0xf0'],
  ['74 ee', 'je again'],
  // d: touches memory no more, or again.
  ['3c 23', 'cmp al, 0x23'],
  ['75 03', 'jne keys'],
  ['83 f5 01', 'xor bp, 1'],
  // PM1a_CNT: SLP_EN with the kind of sleep.
  ['ba 04 b0', 'keys: mov dx, 0xb004'],
  ['bb 00 24', 'mov bx, 0x2400'],
  // s: suspends to memory (SLP_TYP 1).
  ['3c 1b', 'cmp al, 0x1b'],
  ['74 4a', 'je word_out'],
  ['bb 00 28', 'mov bx, 0x2800'],
  // h: suspends to disk (SLP_TYP 2).
  ['3c 33', 'cmp al, 0x33'],
  ['74 43', 'je word_out'],
  ['bb 00 20', 'mov bx, 0x2000'],
  // o: powers off (SLP_TYP 0).
  ['3c 44', 'cmp al, 0x44'],
  ['74 3c', 'je word_out'],
  // The reset control register.
  ['ba f9 0c', 'mov dx, 0xcf9'],
  ['b3 06', 'mov bl, 6'],
  // r: resets.
  ['3c 2d', 'cmp al, 0x2d'],
  ['74 18', 'je byte_out'],
  // pvpanic.
  ['ba 05 05', 'mov dx, 0x505'],
  ['b3 01', 'mov bl, 1'],
  // p: has panicked.
  ['3c 4d', 'cmp al, 0x4d'],
  ['74 0f', 'je byte_out'],
  ['b3 02', 'mov bl, 2'],
  // c: its crash kernel is loaded.
  ['3c 21', 'cmp al, 0x21'],
  ['74 09', 'je byte_out'],
  // The watchdog ib700, 15: to bark at once.
  ['ba 43 04', 'mov dx, 0x443'],
  ['b3 0f', 'mov bl, 15'],
  // w: lets it.
  ['3c 1d', 'cmp al, 0x1d'],
  ['75 05', 'jne disk'],
  ['88 d8', 'byte_out: mov al, bl'],
  ['ee', 'out dx, al'],
  ['eb 19', 'jmp touch'],
  // x: reads a sector of the first IDE disk: selects it,
  ['3c 22', 'disk: cmp al, 0x22'],
  ['75 15', 'jne touch'],
  ['ba f6 01', 'mov dx, 0x1f6'],
  ['b0 e0', 'mov al, 0xe0'],
  ['ee', 'out dx, al'],
  // one sector,
  ['b2 f2', 'mov dl, 0xf2'],
  ['b0 01', 'mov al, 1'],
  ['ee', 'out dx, al'],
  // READ SECTORS.
  ['b2 f7', 'mov dl, 0xf7'],
  ['b0 20', 'mov al, 0x20'],
  ['ee', 'out dx, al'],
  ['eb 03', 'jmp touch'],
  ['89 d8', 'word_out: mov ax, bx'],
  ['ef', 'out dx, ax'],
  // Writes a word to each page from 64 KiB to 576 KiB: 128 pages a tick, 50 MiB a second.
  ['85 ed', 'touch: test bp, bp'],
  ['74 8c', 'jz again'],
  ['bb 00 10', 'mov bx, 0x1000'],
  ['8e c3', 'page: mov es, bx'],
  ['26 ff 06 00 00', 'inc word ptr es:[0]'],
  ['81 c3 00 01', 'add bx, 0x100'],
  ['81 fb 00 90', 'cmp bx, 0x9000'],
  ['72 ef', 'jb page'],
  ['e9 75 ff', 'jmp again'],
  ['cf', 'tick: iret'],
]

/** Where a processor starts: the last 16 bytes hold a jump to the program. */
const reset: Instruction = ['ea 00 00 00 f0', 'jmp 0xf000:0']

/**
 * The last 64 KiB are what the guest sees at 0xf0000.  The rest is there to be sent: 512 pages that are
 * not zero, which is what a limit on the bandwidth counts, in postcopy nothing else.
 */
const size = 2 * 1024 * 1024
const seen = 64 * 1024

/** What QEMU reads as its BIOS: 2 MiB, `hlt` wherever the program is not. */
export function firmware(): Buffer {
  const image = Buffer.alloc(size, 0xf4)
  const bytes = (rows: readonly Instruction[]) =>
    Buffer.from(rows.map(([hex]) => hex.replaceAll(' ', '')).join(''), 'hex')
  bytes(program).copy(image, size - seen)
  bytes([reset]).copy(image, size - 16)
  return image
}

/**
 * Writes the firmware into a folder, once, and answers what has a QEMU run it.
 *
 * @throws StoreError when it cannot be written
 */
export function guestArgs(dir: string): string[] {
  const file = join(dir, 'guest.bin')
  if (!existsSync(file)) {
    // Half a file, where the disk is full, must not be taken for a whole one the next time.
    store(`${file}~`, firmware())
    renameSync(`${file}~`, file)
  }
  return ['-cpu', 'qemu64,-apic', '-bios', file, '-device', 'pvpanic', '-device', 'ib700']
}
