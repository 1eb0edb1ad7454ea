import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import type { FollowPlan } from '../../src/config/define.ts'
import { Keys } from '../../src/core/keys.ts'
import { Kind } from '../../src/core/row.ts'
import { framerOf } from '../../src/inputs/framing/framer.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { multilineNow } from '../fakes/multiline.ts'
import { arena, batch, load } from '../inputs/frame.ts'

/* What a framer has put into the overlay is a row as any other: text that can stand in JSON as it is is known as such. */

type Fields = Record<string, [kind: 'plain' | 'text', value: string]>

/** The fields of the last row, once the chunks came one after the other. */
async function fieldsOf(
  name: keyof typeof components.parsers,
  { options = {}, framing, chunks }: { options?: object; framing: FollowPlan['framing']; chunks: readonly string[] }
): Promise<Fields> {
  const keys = new Keys()
  const definition = await components.parsers[name]()
  const parser = definition.create(optionsOf(definition, options), { keys, now: () => 0 })
  const framer = framerOf(
    { framing, maxLineBytes: 4096, multiline: multilineNow({ preset: 'java' }) },
    { arena, budget: new HeldBudget(), splitGroups: { value: 0 }, holdBytes: 64 }
  )
  let base = 0
  for (const chunk of chunks) {
    load(Buffer.from(chunk), base)
    base += framer.frame(batch, arena.lines, Infinity, chunk === chunks.at(-1))
  }
  parser.parse(batch)
  const row = batch.rows - 1
  expect(batch.starts[row]).toBeGreaterThanOrEqual(batch.size)
  const fields: Fields = {}
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    const kind = batch.fieldKind[field] === Kind.plain ? 'plain' : 'text'
    fields[keys.names[batch.fieldKey[field]!]!] = [kind, batch.text(batch.fieldStart[field]!, batch.fieldEnd[field]!)]
  }
  return fields
}

const docker = (content: string): string =>
  `${JSON.stringify({ log: `${content}\n`, stream: 'stdout', time: '2026-11-22T10:00:00.000Z' })}\n`

test('a row of Docker with escapes', async () => {
  const lines = ['plain,"say ""yes""",b', 'ü,"say ""no""",C:\\dir', 'x,"say ""no""",plain'].map(docker)
  const options = { columns: ['a', 'b', 'c'] }
  expect(await fieldsOf('csv', { options, framing: 'containers', chunks: [lines.slice(0, 2).join('')] })).toEqual({
    a: ['plain', 'ü'],
    b: ['text', 'say "no"'],
    c: ['text', 'C:\\dir']
  })
  expect(await fieldsOf('csv', { options, framing: 'containers', chunks: [lines.join('')] })).toEqual({
    a: ['plain', 'x'],
    b: ['text', 'say "no"'],
    c: ['plain', 'plain']
  })
})

test('a record of several lines whose first was in the chunk before', async () => {
  const chunks = [
    '2026-11-22 10:00:00,123 [main] WARN  com.example.Pool - full\njava.lang.Exception: no\n',
    '\tat a.B.c(B.java:1)\n'
  ]
  expect(await fieldsOf('java', { framing: 'lines', chunks })).toEqual({
    time: ['plain', '2026-11-22 10:00:00,123'],
    'process.thread.name': ['plain', 'main'],
    level: ['plain', 'WARN'],
    'log.logger': ['plain', 'com.example.Pool'],
    message: ['text', 'full\njava.lang.Exception: no\n\tat a.B.c(B.java:1)']
  })
})
