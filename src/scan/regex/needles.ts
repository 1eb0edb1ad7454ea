import type { Ranges } from './ranges.ts'
import type { Pattern } from './syntax.ts'

/** A text that is quickly looked for. */
export interface Needle {
  readonly text: string
  /** Letters of ASCII stand for both cases. */
  readonly ignoresCase: boolean
}

const mostNeedles = 8
/** Shorter ones are nearly everywhere. */
const shortest = 2

/** What is known of the texts that a pattern matches. */
interface Known {
  /** All that it matches. */
  readonly all: readonly Needle[] | undefined
  /** Each match has one of these in it. */
  readonly some: readonly Needle[] | undefined
}

/** Texts of which each match of a pattern has one; undefined where no few texts are known that are worth looking for. */
export function needlesOf(pattern: Pattern): readonly Needle[] | undefined {
  const { all, some } = knownOf(pattern)
  return better(all, some)
}

function knownOf(pattern: Pattern): Known {
  switch (pattern.kind) {
    case 'set':
      return { all: textsOf(pattern.ranges), some: undefined }
    case 'sequence':
      return ofSequence(pattern.parts)
    case 'choice':
      return ofChoice(pattern.parts.map(knownOf))
    case 'repeat': {
      const { all, some } = knownOf(pattern.part)
      return { all: undefined, some: pattern.min === 0 ? undefined : better(all, some) }
    }
    case 'group':
      return knownOf(pattern.part)
    default:
      return { all: [empty], some: undefined }
  }
}

const empty: Needle = { text: '', ignoresCase: false }

/** Texts grow from part to part, until one comes that may be too many things. */
function ofSequence(parts: readonly Pattern[]): Known {
  let run: readonly Needle[] = [empty]
  let best: readonly Needle[] | undefined
  let isAll = true
  for (const part of parts) {
    const { all, some } = knownOf(part)
    const isLonger = all !== undefined && run.length * all.length <= mostNeedles
    if (isLonger) run = run.flatMap(before => all.map(behind => joined(before, behind)))
    else {
      best = better(best, better(run, some))
      run = all ?? [empty]
      isAll = false
    }
  }
  return isAll ? { all: run, some: undefined } : { all: undefined, some: better(best, run) }
}

function ofChoice(parts: readonly Known[]): Known {
  const all = parts.flatMap(part => part.all ?? [])
  if (parts.every(part => part.all !== undefined) && all.length <= mostNeedles) return { all, some: undefined }
  const some = parts.map(part => better(part.all, part.some))
  const isKnown = some.every(one => one !== undefined)
  const together = some.flatMap(one => one ?? [])
  return { all: undefined, some: isKnown && together.length <= mostNeedles ? together : undefined }
}

function joined(before: Needle, behind: Needle): Needle {
  return { text: before.text + behind.text, ignoresCase: before.ignoresCase || behind.ignoresCase }
}

/** Those whose shortest text is longer; none where that is too short. */
function better(
  one: readonly Needle[] | undefined,
  other: readonly Needle[] | undefined
): readonly Needle[] | undefined {
  const [first, second] = [one, other].map(needles => shortestOf(needles))
  if (Math.max(first!, second!) < shortest) return undefined
  return second! > first! ? other : one
}

function shortestOf(needles: readonly Needle[] | undefined): number {
  return needles === undefined || needles.length === 0 ? 0 : Math.min(...needles.map(({ text }) => text.length))
}

/** The characters of a set, if they are few; both cases of a letter are one. */
function textsOf(ranges: Ranges): readonly Needle[] | undefined {
  const codes: number[] = []
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i + 1]! - ranges[i]! >= mostNeedles) return undefined
    for (let code = ranges[i]!; code <= ranges[i + 1]!; code++) codes.push(code)
  }
  if (codes.length === 0 || codes.length > mostNeedles) return undefined
  const isBoth = (small: number): boolean =>
    /[a-z]/.test(String.fromCodePoint(small)) && codes.includes(small) && codes.includes(small - 0x20)
  return codes
    .filter(code => !isBoth(code + 0x20))
    .map(code => ({ text: String.fromCodePoint(code), ignoresCase: isBoth(code) }))
}
