import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { registry } from './registry.ts'

/* Every file ends with `#? answer`, what the author of the mistake meant, where a suggestion can be asked for, and with
 * `#> line:column: message` for each problem. UPDATE=1 writes the latter again; review the difference. */
const folder = join(import.meta.dirname, 'broken')
const files = readdirSync(folder).filter(file => file.endsWith('.yaml'))

const bare = mkdtempSync(join(tmpdir(), 'broken-'))
afterAll(() => rmSync(bare, { recursive: true }))

/** Without the expectations: an open quote would swallow them. */
async function problemsOf(file: string): Promise<string[]> {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  const path = join(bare, file)
  writeFileSync(path, lines.filter(line => !/^#[>?] /.test(line)).join('\n'))
  const loaded = await loadConfig([path], { env: {}, components: registry })
  if ('config' in loaded) return []
  return loaded.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

function marked(text: string, mark: string): string[] {
  const lines = text.split('\n').filter(line => line.startsWith(`#${mark} `))
  return lines.map(line => line.slice(3))
}

function isSuggested(answer: string, messages: readonly string[]): boolean {
  const hints = messages.map(message => message.slice(message.indexOf(': ', message.indexOf(': ') + 2)))
  return hints.some(
    hint => hint.includes(`"${answer}"`) || hint.includes(`did you mean ${answer}`) || hint.includes(`in ${answer}`)
  )
}

describe('broken files', () => {
  it.each(files)('config says what is wrong, and where, in %s', async file => {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const problems = await problemsOf(file)
    if (process.env.UPDATE === '1') {
      const kept = text.split('\n').filter(line => !line.startsWith('#> '))
      writeFileSync(path, `${kept.join('\n').trimEnd()}\n${problems.map(line => `#> ${line}\n`).join('')}`)
      return
    }
    expect(problems).toEqual(marked(text, '>'))
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join('\n')).not.toContain('hunter2')
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
