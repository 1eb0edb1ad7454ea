import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../src/core/row.ts'
import { StdoutOutput, type StdoutOptions } from '../../src/outputs/stdout.ts'
import { tempFolder } from '../fakes/folder.ts'
import { newContext } from './context.ts'
import { type Row, newBatch, newBody, plain, shipmentOf } from './rows.ts'

const never = new AbortController().signal

async function printed(rows: readonly Row[], options: Partial<StdoutOptions>): Promise<string> {
  const path = join(tempFolder(), 'out')
  const fd = openSync(path, 'w')
  const { batch, keys } = newBatch(rows)
  const output = new StdoutOutput({ format: 'auto', color: 'auto', ...options }, newContext(new Map(), { keys }), fd)
  const body = newBody()
  output.encode(batch, body)
  await output.send(shipmentOf(body), never)
  closeSync(fd)
  return readFileSync(path, 'utf8')
}

describe('stdout', () => {
  it('prints one document a line when it is not a terminal', async () => {
    const text = await printed([{ line: 'a' }, { line: 'b', severity: 9 }], {})
    const documents = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(documents).toMatchObject([
      { message: 'a', 'log.offset': 0 },
      { message: 'b', 'log.level': 'info' }
    ])
    expect(text).not.toContain('_id')
  })

  it('prints time, level, service, agent, short trace id, message and attributes for people', async () => {
    const row: Row = {
      severity: 17,
      service: plain('svc'),
      agentId: plain('a-1'),
      traceId: plain('0123456789abcdef0123456789abcdef'),
      body: [Kind.jsonText, 'it\\u0020broke'],
      fields: [['tries', Kind.number, '3']]
    }
    expect(await printed([row], { format: 'text' })).toMatch(
      /^\d\d-\d\d \d\d:\d\d:\d\d\.123 error {4}svc a-1 01234567 it broke tries=3\n$/
    )
    expect(await printed([row], { format: 'text', color: 'always' })).toContain('\u001b[31merror')
  })

  it('lets no row steer the terminal', async () => {
    const text = await printed([{ line: '\u001b[2J\u0007\r\n\u009b31m\u202egnp' }], { format: 'text' })
    expect(text).toMatch(/\\x1b\[2J\\x07\\x0d\\n\\x9b31m\\u202egnp\n$/)
  })

  it('counts nothing as delivered when its reader has gone, and ends', async () => {
    const path = fifo()
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    closeSync(reader)
    await expect(sent(writer, 10)).rejects.toMatchObject({ fault: 'end', unknown: false })
    closeSync(writer)
  })

  it('waits for a reader that is slow', async () => {
    const { reader, writer } = pipe()
    const bytes = 300_000
    const sending = sent(writer, bytes)
    const text = await readAll(reader, text => text.length > bytes)
    expect(await sending).toBe(text.length)
    closeSync(writer)
    closeSync(reader)
  })

  it('writes whole lines to a slow reader, however many write at a time', async () => {
    const { reader, writer } = pipe()
    const letters = ['a', 'b', 'c', 'd']
    const sending = letters.map(letter => sent(writer, 100_000, { letter }))
    const text = await readAll(reader, text => text.split('\n').length > letters.length)
    await Promise.all(sending)
    const messages = text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as { message: string }]))
    expect(messages.map(({ message }) => message)).toEqual(letters.map(letter => letter.repeat(100_000)))
    closeSync(writer)
    closeSync(reader)
  })

  it('does not wait for one that waits for a reader, once it is closed', async () => {
    const { reader, writer } = pipe()
    const controllers = [new AbortController(), new AbortController()]
    const [first, second] = controllers.map(({ signal }) => sent(writer, 300_000, { signal }))
    controllers[1]!.abort()
    await expect(second).rejects.toMatchObject({ fault: 'retry', unknown: false })
    controllers[0]!.abort()
    await expect(first).rejects.toMatchObject({ fault: 'retry', unknown: true })
    closeSync(writer)
    closeSync(reader)
  })
})

/** A pipe that nobody waits for, neither to read nor to write. */
function pipe(): { reader: number; writer: number } {
  const path = fifo()
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) }
}

/** All that comes until it is enough, by little and little. */
async function readAll(reader: number, isEnough: (text: string) => boolean): Promise<string> {
  let text = ''
  const buffer = Buffer.alloc(5000)
  while (!isEnough(text)) {
    await new Promise(resolve => setImmediate(resolve))
    try {
      text += buffer.latin1Slice(0, readSync(reader, buffer))
    } catch (error) {
      expect((error as { code?: string }).code).toBe('EAGAIN')
    }
  }
  return text
}

function fifo(): string {
  const path = join(tempFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

async function sent(fd: number, bytes: number, { letter = 'x', signal = never } = {}): Promise<number> {
  const { batch, keys } = newBatch([{ line: letter.repeat(bytes) }])
  const output = new StdoutOutput({ format: 'json', color: 'never' }, newContext(new Map(), { keys }), fd)
  const body = newBody()
  output.encode(batch, body)
  return (await output.send(shipmentOf(body), signal)).requestBytes
}
