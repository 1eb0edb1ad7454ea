/** What one item must be, or `any`: any number of items, none too. */
type Step<T> = 'any' | ((item: T) => boolean)

/** Whether a whole path is meant, `**` standing for any directories. */
export function pathTest(pattern: string): (path: string) => boolean {
  const steps = namesOf(pattern).map(name => (name === '**' ? 'any' : nameTest(name)))
  return path => areMatched(steps, namesOf(path))
}

/** Whether a name is meant: `*` stands for any characters, `?` for one, `[ab]` and `[a-c]` for one of these, `[!ab]` for another one. */
export function nameTest(pattern: string): (name: string) => boolean {
  const steps: Step<string>[] = []
  for (let i = 0; i < pattern.length; i++) {
    const letter = pattern[i]!
    const close = letter === '[' ? pattern.indexOf(']', i + 2) : -1
    if (letter === '*') steps.push('any')
    else if (letter === '?') steps.push(() => true)
    else if (close > 0) {
      steps.push(classTest(pattern.slice(i + 1, close)))
      i = close
    } else steps.push(other => other === letter)
  }
  return name => areMatched(steps, name)
}

function namesOf(path: string): string[] {
  return path.split('/').slice(1)
}

function classTest(members: string): (letter: string) => boolean {
  const isNegated = members.startsWith('!') || members.startsWith('^')
  const ranges: string[] = []
  for (let i = isNegated ? 1 : 0; i < members.length; i++) {
    const isRange = members[i + 1] === '-' && i + 2 < members.length
    ranges.push(members[i]! + members[isRange ? i + 2 : i]!)
    if (isRange) i += 2
  }
  return letter => ranges.some(range => letter >= range[0]! && letter <= range[1]!) !== isNegated
}

/**
 * Whether the steps take all items, in order. Where one does not, only the last `any` before it takes one more: the steps between two of
 * them are best done with as early as possible. So names of files, which anybody may have made, cost no more than items times steps.
 */
function areMatched<T>(steps: readonly Step<T>[], items: ArrayLike<T>): boolean {
  let at = 0
  let lastAny = -1
  let behindAny = 0
  for (let i = 0; i < items.length; ) {
    const step = steps[at]
    if (step === 'any') {
      lastAny = at++
      behindAny = i
    } else if (step?.(items[i]!) === true) {
      at++
      i++
    } else if (lastAny < 0) return false
    else {
      at = lastAny + 1
      i = ++behindAny
    }
  }
  return steps.slice(at).every(step => step === 'any')
}
