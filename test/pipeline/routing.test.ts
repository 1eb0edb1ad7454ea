import { expect, test } from 'vitest'
import { endOf } from '../../src/core/outcome.ts'
import { type Run, Stage } from './stage.ts'

const levels = ['debug', 'info', 'error']
const services = ['auth', 'billing']
const count = 600
const lines = Array.from({ length: count }, (_, i) => ({
  service: services[i % 2]!,
  level: levels[i % 3]!,
  message: `row ${i}`
}))

function messagesOf(isWanted: (line: (typeof lines)[number]) => boolean): string[] {
  return lines.filter(isWanted).map(({ message }) => message)
}

/** Waits until all rows have ended, and returns how many were delivered, filtered and refused, by output. */
async function settled(run: Run, stage: Stage, outputs: readonly string[]): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {}
  for (const output of outputs) {
    await run.settled(count, `default/${output}`)
    const { rows } = run.ledgers(`default/${output}`)[0]!.ledger
    found[output] = [rows[endOf.delivered]!, rows[endOf.filtered]!, rows[endOf.dead_lettered]!]
  }
  expect(stage.errors).toEqual([])
  return found
}

test('each output gets the rows of its condition, and none that a final one before it took', async () => {
  const stage = await Stage.create()
  stage.write(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const run = await stage.start({
    outputs: {
      all: 'namespace: all',
      errors: `namespace: errors, if: '{level="error"}'`,
      audit: `namespace: audit, if: '{service_name="auth"}', final: true`,
      rest: 'namespace: rest',
      late: `namespace: late, if: '{service_name="auth"}'`
    }
  })
  expect(await settled(run, stage, ['all', 'errors', 'audit', 'rest', 'late'])).toEqual({
    all: [600, 0, 0],
    errors: [200, 400, 0],
    audit: [300, 300, 0],
    rest: [300, 300, 0],
    late: [0, 600, 0]
  })
  expect(stage.messages('all')).toEqual(messagesOf(() => true))
  expect(stage.messages('errors')).toEqual(messagesOf(({ level }) => level === 'error'))
  expect(stage.messages('audit')).toEqual(messagesOf(({ service }) => service === 'auth'))
  expect(stage.messages('rest')).toEqual(messagesOf(({ service }) => service !== 'auth'))
  expect(stage.messages('late')).toEqual([])
})

test('steps leave rows out for all outputs of their pipeline', async () => {
  const stage = await Stage.create()
  stage.write(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const run = await stage.start({
    outputs: { all: 'namespace: all', errors: `namespace: errors, if: '{level="error"}'` },
    more: `process:\n  - drop: { if: '{level="debug"}' }\n  - keep: { if: '{service_name=~"b.*"} |~ "row [0-9]+"' }\n`
  })
  expect(await settled(run, stage, ['all', 'errors'])).toEqual({ all: [200, 400, 0], errors: [100, 500, 0] })
  expect(stage.messages('all')).toEqual(messagesOf(({ service, level }) => service === 'billing' && level !== 'debug'))
})

test('a row that is to be a dead letter is one only where it would have gone', async () => {
  const stage = await Stage.create()
  const text = lines.map((line, i) => (i % 100 === 7 ? `{"broken ${i}\n` : `${JSON.stringify(line)}\n`))
  stage.write(text.join(''))
  const run = await stage.start({
    input: 'parser: json, on_parse_error: dead_letter',
    outputs: { all: 'namespace: all', some: `namespace: some, if: '{level=~".+"} != "row 1"'` }
  })
  const found = await settled(run, stage, ['all', 'some'])
  expect(found['all']).toEqual([594, 0, 6])
  expect(found['some']![2]).toBe(0)
})

function isError({ level }: (typeof lines)[number]): boolean {
  return level === 'error'
}

test('a reload changes which rows outputs get, from where they stand', async () => {
  const stage = await Stage.create()
  const write = (): void => stage.write(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const all = 'namespace: all'
  write()
  const run = await stage.start({ outputs: { errors: `namespace: errors, if: '{level="error"}'`, all } })
  await run.settled(count, 'default/all')
  await stage.change(run, { outputs: { errors: `namespace: errors, if: '{level="error"}', final: true`, all } })
  write()
  await run.settled(2 * count, 'default/all')
  await run.settled(2 * count, 'default/errors')
  expect(stage.messages('all')).toEqual([...messagesOf(() => true), ...messagesOf(line => !isError(line))])
  expect(stage.messages('errors')).toEqual([...messagesOf(isError), ...messagesOf(isError)])
  const { rows } = run.ledgers('default/all')[0]!.ledger
  expect([rows[endOf.delivered], rows[endOf.filtered]]).toEqual([1000, 200])
})
