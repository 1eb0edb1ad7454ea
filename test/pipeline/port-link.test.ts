import { expect, test } from 'vitest'
import type { StateRecord } from '../../src/core/record.ts'
import type { FromShard } from '../../src/pipeline/messages.ts'
import { PortLink } from '../../src/pipeline/port-link.ts'

const note = (key: string): StateRecord => ({ kind: 'note', key, value: '' })

function stage(): { link: PortLink; posted: FromShard[] } {
  const posted: FromShard[] = []
  return { link: new PortLink(message => void posted.push(message)), posted }
}

test('records of one turn go out in one message, in order', async () => {
  const { link, posted } = stage()
  expect([link.append([note('a'), note('b')]), link.append([]), link.append([note('c')])]).toEqual([1, 2, 3])
  expect(posted).toEqual([])
  await Promise.resolve()
  expect(posted).toEqual([{ type: 'append', records: [note('a'), note('b'), note('c')] }])
  link.append([note('d')])
  await Promise.resolve()
  expect(posted[1]).toEqual({ type: 'append', records: [note('d')] })
})

test('what somebody waits for is asked for once, behind its records', async () => {
  const { link, posted } = stage()
  const first = link.append([note('a')])
  const second = link.append([note('b')])
  const order: number[] = []
  const waiting = [second, first, second].map(number => link.untilDurable(number).then(() => order.push(number)))
  expect(posted).toEqual([
    { type: 'append', records: [note('a'), note('b')] },
    { type: 'await', number: second }
  ])
  link.confirm(0, false)
  expect(link.writable).toBe(false)
  link.confirm(second, true)
  await Promise.all(waiting)
  expect(order).toHaveLength(3)
  expect(link.durable).toBe(second)
  await link.untilDurable(first)
  const third = link.append([note('c')])
  void link.untilDurable(third)
  expect(posted.slice(2)).toEqual([
    { type: 'append', records: [note('c')] },
    { type: 'await', number: third }
  ])
})
