import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

/**
 * Runs the `.case` files of a folder. A file has any number of cases:
 *
 * ```
 * === what the case shows
 * --- options          YAML
 * --- input            bytes; with the option `escapes: true`, \xNN, \r, \n, \t and \\ are what they say
 * --- expect           what `run` must give; `UPDATE=1` rewrites it
 * ```
 */
export function testCases(folder: string, run: (options: Record<string, unknown>, input: Buffer) => string): void {
  for (const file of readdirSync(folder)
    .filter(name => name.endsWith('.case'))
    .sort()) {
    const path = join(folder, file)
    const cases = readFileSync(path, 'utf8').split(/^=== /m).slice(1).map(readCase)
    const isUpdate = process.env['UPDATE'] === '1'
    for (const one of cases) {
      test(`${file.replace('.case', '')}: ${one.title}`, () => {
        const { escapes, ...options } = (parse(one.options) ?? {}) as Record<string, unknown>
        const found = run(options, escapes === true ? unescaped(one.input) : Buffer.from(one.input))
        if (isUpdate) one.expect = found
        expect(found).toBe(one.expect)
        if (isUpdate) writeFileSync(path, cases.map(writeCase).join('\n'))
      })
    }
  }
}

interface Case {
  readonly title: string
  readonly options: string
  readonly input: string
  expect: string
}

function readCase(text: string): Case {
  const [title, ...parts] = text.split(/^--- (?:options|input|expect)\n|\n(?=--- )/m).filter(part => part !== '')
  const [options, input, wanted] = text.includes('--- options\n') ? parts : ['', ...parts]
  return { title: title!.trim(), options: options!.trim(), input: input ?? '', expect: (wanted ?? '').trimEnd() }
}

function writeCase({ title, options, input, expect }: Case): string {
  const head = options === '' ? '' : `--- options\n${options}\n`
  return `=== ${title}\n${head}--- input\n${input}\n--- expect\n${expect}\n`
}

function unescaped(text: string): Buffer {
  const latin = Buffer.from(text).toString('latin1')
  return Buffer.from(
    latin.replace(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) => {
      if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
      return { r: '\r', n: '\n', t: '\t' }[code] ?? code
    }),
    'latin1'
  )
}
