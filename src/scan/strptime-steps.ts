const percent = 0x25
/** Added to the letter of a directive, where a step is no literal byte. */
export const directive = 0x100

const short: Readonly<Record<string, string>> = { T: '%H:%M:%S', R: '%H:%M', F: '%Y-%m-%d', D: '%m/%d/%y' }
const same: Readonly<Record<string, string>> = { e: 'd', L: 'f', N: 'f', B: 'b', h: 'b', A: 'a', k: 'H', l: 'I' }
const known = ['Y', 'm', 'd', 'H', 'I', 'M', 'S', 'f', 'b', 'a', 'y', 'p', 'z', 'Z', 's', 'j']
const names = [...known, ...Object.keys(same), ...Object.keys(short)].map(letter => `%${letter}`)
const example = '"%d.%m.%Y %H:%M:%S"'

/** What is wrong with a format, or undefined. */
export function formatFault(format: string): string | undefined {
  const steps = stepsOf(format)
  if (typeof steps === 'string') return steps
  const has = (...letters: string[]): boolean => letters.every(letter => steps.includes(directiveOf(letter)))
  const hasDay = has('s') || has('b', 'd') || has('m', 'd') || has('j')
  if (!hasDay) return `a format names month and day, for example ${example}`
  if (has('j') && !has('Y') && !has('y')) return '"%j" needs a year, "%Y" or "%y"'
  if (has('I') && !has('p')) return '"%I" needs "%p", or write "%H" for hours up to 23'
  return undefined
}

/** Literal bytes and directives, or what is wrong with them. */
export function stepsOf(format: string): number[] | string {
  const steps: number[] = []
  for (const part of format.match(/%[-_0^#]?.|%|[^%]+/gsu) ?? []) {
    const letter = part.slice(-1)
    if (!part.startsWith('%')) steps.push(...Buffer.from(part.replaceAll(/\s+/g, ' ')))
    else if (part === '%') return 'a "%" at the end is written "%%"'
    else if (letter === '%') steps.push(percent)
    else if (Object.hasOwn(short, letter)) steps.push(...(stepsOf(short[letter]!) as number[]))
    else if (known.includes(same[letter] ?? letter)) steps.push(directiveOf(same[letter] ?? letter))
    else return `"${part}" means nothing, known are ${names.join(' ')}`
  }
  return steps
}

export function directiveOf(letter: string): number {
  return directive + letter.charCodeAt(0)
}
