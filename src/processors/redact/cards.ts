import { Class, classes, type Finder, type Hide, isAlnum, type Passage } from './finder.ts'

const least = 13
const most = 19
const point = 0x2e
const dash = 0x2d
const space = 0x20
/** Lengths of groups, where there are some. */
const groupings = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4]
] as const

interface Network {
  /** First four digits. */
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

const long = [16, 17, 18, 19]
const any = [13, 14, 15, ...long]
/** By the ranges of ISO/IEC 7812 that networks publish. */
const networks: readonly Network[] = [
  // Visa
  { from: 4000, to: 4999, lengths: [13, 16, 19] },
  // Mastercard
  { from: 5100, to: 5599, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  // American Express
  { from: 3400, to: 3499, lengths: [15] },
  { from: 3700, to: 3799, lengths: [15] },
  // Diners Club
  { from: 3000, to: 3059, lengths: [14, ...long] },
  { from: 3095, to: 3095, lengths: [14, ...long] },
  { from: 3600, to: 3699, lengths: [14, ...long] },
  { from: 3800, to: 3999, lengths: [14, ...long] },
  // JCB
  { from: 3528, to: 3589, lengths: long },
  // Discover
  { from: 6011, to: 6011, lengths: long },
  { from: 6440, to: 6599, lengths: long },
  // UnionPay
  { from: 6200, to: 6299, lengths: long },
  { from: 8100, to: 8199, lengths: long },
  // Maestro
  { from: 5000, to: 5099, lengths: any },
  { from: 5600, to: 5899, lengths: any },
  { from: 6300, to: 6399, lengths: any },
  { from: 6700, to: 6799, lengths: any },
  // Mir, RuPay
  { from: 2200, to: 2204, lengths: long },
  { from: 6000, to: 6099, lengths: [16] },
  { from: 8200, to: 8299, lengths: [16] }
]

/** The digits that they begin with. */
const firsts = Uint8Array.from({ length: 256 }, (_, byte) =>
  networks.some(({ from, to }) => Math.floor(from / 1000) <= byte - 0x30 && byte - 0x30 <= Math.floor(to / 1000))
    ? 1
    : 0
)

/** Numbers of payment cards: of a network's range and length, with the check digit of Luhn, in one piece or in the groups that stand on
 * cards, with spaces or dashes between. */
export class Cards implements Finder {
  readonly at = '0123456789'
  readonly atStart = true
  readonly #digits = new Uint8Array(most)
  #until = -1

  open(): void {
    this.#until = -1
  }

  find(passage: Passage, at: number, hide: Hide): void {
    const { bytes, start, end } = passage
    if (at < this.#until || firsts[bytes[at]!] === 0 || (at > start && isPartOf(bytes, at - 1, start))) return
    let run = at
    while (run < end && isDigit(bytes[run]!)) run++
    const length = run - at
    if (length >= least) {
      this.#until = run
      if (length <= most && this.#isCard(passage, at, [length])) hide(at, run)
      return
    }
    if (length !== 4 || run === end || (bytes[run] !== space && bytes[run] !== dash)) return
    for (const grouping of groupings) {
      const to = this.#isCard(passage, at, grouping)
      if (to === 0) continue
      hide(at, to)
      this.#until = to
      return
    }
  }

  /** Where the number ends that has these groups of digits; 0 where none stands here. */
  #isCard({ bytes, end }: Passage, at: number, groups: readonly number[]): number {
    const sign = bytes[at + groups[0]!]
    let count = 0
    for (const [number, group] of groups.entries()) {
      if (number > 0 && bytes[at++] !== sign) return 0
      if (at + group > end) return 0
      for (const stop = at + group; at < stop; at++) {
        if (!isDigit(bytes[at]!)) return 0
        this.#digits[count++] = bytes[at]! - 0x30
      }
    }
    const isWhole = at === end || !goesOn(bytes, at, end)
    return isWhole && isOfNetwork(this.#digits, count) && isChecked(this.#digits, count) ? at : 0
  }
}

function isDigit(byte: number): boolean {
  return (classes[byte]! & Class.digit) !== 0
}

/** Whether what stands in front makes the digits part of something else. */
function isPartOf(bytes: Buffer, before: number, start: number): boolean {
  const byte = bytes[before]!
  return (byte === point || byte === dash) && before > start && isDigit(bytes[before - 1]!)
}

function goesOn(bytes: Buffer, at: number, end: number): boolean {
  const byte = bytes[at]!
  if (isAlnum(byte) || byte === 0x5f) return true
  return (byte === point || byte === dash) && at + 1 < end && isDigit(bytes[at + 1]!)
}

function isOfNetwork(digits: Uint8Array, count: number): boolean {
  const first = digits[0]! * 1000 + digits[1]! * 100 + digits[2]! * 10 + digits[3]!
  return networks.some(({ from, to, lengths }) => first >= from && first <= to && lengths.includes(count))
}

/** The formula of Luhn. */
function isChecked(digits: Uint8Array, count: number): boolean {
  let sum = 0
  for (let i = count - 1, isDoubled = false; i >= 0; i--, isDoubled = !isDoubled) {
    const digit = digits[i]! * (isDoubled ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}
