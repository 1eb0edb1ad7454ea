import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Problem } from '../src/config/problems.ts'

/** The YAML files of a folder that all have a mistake. */
export function brokenFiles(folder: string): string[] {
  return readdirSync(folder).filter(file => file.endsWith('.yaml'))
}

/** Every file ends with a `#> line:column: message` for each problem. UPDATE=1 writes them again; review the difference. */
export function testBrokenFiles(folder: string, problemsIn: (path: string) => Promise<readonly Problem[]>): void {
  const bare = mkdtempSync(join(tmpdir(), 'broken-'))
  afterAll(() => rmSync(bare, { recursive: true }))

  it.each(brokenFiles(folder))('says what is wrong, and where, in %s', async file => {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    // Without the expectations: an open quote would swallow them.
    const lines = text.split('\n').filter(line => !/^#[>?] /.test(line))
    writeFileSync(join(bare, file), lines.join('\n'))
    const found = await problemsIn(join(bare, file))
    const problems = found.map(({ line, column, message }) => `${line}:${column}: ${message}`)
    if (process.env.UPDATE === '1') {
      const kept = text.split('\n').filter(line => !line.startsWith('#> '))
      writeFileSync(path, `${kept.join('\n').trimEnd()}\n${problems.map(line => `#> ${line}\n`).join('')}`)
      return
    }
    expect(problems).toEqual(marked(text, '>'))
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join('\n')).not.toContain('hunter2')
  })
}

export function marked(text: string, mark: string): string[] {
  const lines = text.split('\n').filter(line => line.startsWith(`#${mark} `))
  return lines.map(line => line.slice(3))
}
