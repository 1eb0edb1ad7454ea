import * as fc from 'fast-check'

/** Parts of patterns that mean the same in JavaScript, and texts that they may match. */
export const part = fc.letrec<{ part: string }>(tie => ({
  part: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'b', 'é', '[ab]', '[^a]', '\\d', '\\b', '^', '$', ''),
    fc.tuple(tie('part'), tie('part')).map(parts => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map(([a, b]) => `(?:${a}|${b})`),
    // a repeat of what may be empty ends differently in JavaScript
    fc
      .tuple(
        fc.constantFrom('a', '[ab]', '(?:ab|a)', '\\d', '[^b]'),
        fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?', '+?', '??', '{1,3}?')
      )
      .map(pair => pair.join(''))
  )
})).part
export const text = fc.array(fc.constantFrom('a', 'b', 'é', '0', ' '), { maxLength: 10 }).map(parts => parts.join(''))
