import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { brokenFiles, marked, testBrokenFiles } from '../broken-files.ts'
import { registry } from './registry.ts'

/* Where a suggestion can be asked for, a file also has `#? answer`: what the author of the mistake meant. */
const folder = join(import.meta.dirname, 'broken')
const files = brokenFiles(folder)

function isSuggested(answer: string, messages: readonly string[]): boolean {
  const hints = messages.map(message => message.slice(message.indexOf(': ', message.indexOf(': ') + 2)))
  return hints.some(
    hint => hint.includes(`"${answer}"`) || hint.includes(`did you mean ${answer}`) || hint.includes(`in ${answer}`)
  )
}

describe('broken files', () => {
  testBrokenFiles(folder, async path => {
    const loaded = await loadConfig([path], { env: {}, components: registry })
    return 'problems' in loaded ? loaded.problems : []
  })

  it('config suggests what was meant in at least 50 of at least 60 files', () => {
    const texts = files.map(file => readFileSync(join(folder, file), 'utf8'))
    const asked = texts.filter(text => marked(text, '?').length > 0)
    const right = asked.filter(text => marked(text, '?').every(answer => isSuggested(answer, marked(text, '>'))))
    expect(files.length).toBeGreaterThanOrEqual(60)
    expect(right.length).toBe(asked.length)
    expect(right.length).toBeGreaterThanOrEqual(50)
  })
})
