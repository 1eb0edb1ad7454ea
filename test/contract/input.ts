import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { FollowPlan, InputDefinition } from '../../src/config/define.ts'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { tempFolder } from '../fakes/folder.ts'
import { MemoryLink } from '../fakes/state-link.ts'
import { Run, type SeenRow } from '../inputs/run.ts'

const place = { name: 'input', stateDir: '/state' }
const mebi = 1 << 20
/** As in a shard. */
const chunkBytes = 131_072

export interface InputUnderTest {
  /** Options that every configuration of it must give. */
  readonly options?: object
  /** A row as it stands in a file that this input reads. */
  readonly line: (text: Buffer) => Buffer
}

/** What every input must keep to. */
export function testInput(definition: InputDefinition, under: InputUnderTest): void {
  const { name } = definition
  const planOf = (options: object): FollowPlan => definition.plan(optionsOf(definition, options), place)
  const lines = (...texts: (string | Buffer)[]): Buffer =>
    Buffer.concat(texts.map(text => under.line(Buffer.from(text))))

  /** The follower of this input on one file, with what earlier runs stored. */
  const follow = async (path: string, link: MemoryLink, settles = true): Promise<Run> => {
    const plan = { ...planOf({ ...under.options }), paths: [path] }
    const input: FollowInput = { ...plan, name, service: '', dataset: 'test', resource: {} }
    return new Run(input, { link, settles, chunkBytes }).start()
  }
  const rowsOf = async (bytes: Buffer): Promise<SeenRow[]> => {
    const path = join(tempFolder(), 'a.log')
    writeFileSync(path, bytes)
    const run = await follow(path, new MemoryLink())
    await run.stop()
    return run.rows
  }

  describe(`input ${name} keeps the contract`, () => {
    test.each([{ title: 'its defaults', config: '{}' }, ...definition.examples])(
      'its plan is plain data, the same each time: $title',
      ({ config }) => {
        const options = { ...under.options, ...(parse(config) as object) }
        const plan = planOf(options)
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
        expect(planOf(options)).toEqual(plan)
      }
    )

    test('a kill between reading and settling reads rows again, and skips none', async () => {
      const path = join(tempFolder(), 'a.log')
      const link = new MemoryLink()
      writeFileSync(path, lines('one', 'two'))
      const first = await follow(path, link)
      first.commit()
      appendFileSync(path, lines('three', 'four'))
      // read, and killed: nothing of it is stored
      await first.pass()
      const killed = new MemoryLink()
      killed.append(link.records)
      first.follower.stop()
      appendFileSync(path, lines('five'))
      const second = await follow(path, killed)
      await second.stop()
      expect(first.texts).toEqual(['one', 'two', 'three', 'four'])
      expect(second.texts).toEqual(['three', 'four', 'five'])
      expect(places(second.rows).slice(0, 2)).toEqual(places(first.rows).slice(2))
    })

    test('what was never settled is read from the beginning', async () => {
      const path = join(tempFolder(), 'a.log')
      const link = new MemoryLink()
      writeFileSync(path, lines('one', 'two'))
      const first = await follow(path, link, false)
      await first.stop()
      const second = await follow(path, link)
      await second.stop()
      expect(second.rows).toEqual(first.rows)
      expect(second.texts).toEqual(['one', 'two'])
    })

    test('the cut of a read changes nothing', async () => {
      const whole = lines('one', '', 'caf\u00e9 "two" \\ ', 'x'.repeat(100), '{"three":3}')
      const wanted = (await rowsOf(whole)).map(({ text, position, length }) => ({ text, position, length }))
      for (let cut = 1; cut < whole.length; cut += 3) {
        const path = join(tempFolder(), 'a.log')
        writeFileSync(path, whole.subarray(0, cut))
        const run = await follow(path, new MemoryLink())
        appendFileSync(path, whole.subarray(cut))
        await run.pass()
        await run.stop()
        expect(run.rows, `cut at ${cut}`).toMatchObject(wanted)
      }
    })

    test('rows follow each other without a gap, whatever their bytes', async () => {
      const bytes = Buffer.concat([
        lines('one', Buffer.from([0xff, 0xfe, 0xc3]), 'two'),
        Buffer.from('no end \xff\n', 'latin1')
      ])
      const rows = await rowsOf(bytes)
      expect(rows).toHaveLength(4)
      let at = 0
      for (const { position, length } of rows) {
        expect(position).toBe(at)
        at += length
      }
      expect(at).toBe(bytes.length)
      expect(rows[2]!.text).toBe('two')
    })

    test('a line end of Windows is no part of a row', async () => {
      const texts = (await rowsOf(lines('one\r', 'two\r'))).map(row => row.text)
      expect(texts).toEqual(['one', 'two'])
    })

    test('lines of a mebibyte are whole, longer ones are cut, and what follows is not harmed', async () => {
      const rows = await rowsOf(lines('x'.repeat(mebi), 'next', 'y'.repeat(2 * mebi + 5), 'last'))
      expect(rows.map(row => row.text.length)).toEqual([mebi, 4, mebi, 4])
      expect(rows.at(-1)?.text).toBe('last')
    })
  })
}

/** By which outputs know a row again. */
function places(rows: readonly SeenRow[]): unknown[] {
  return rows.map(({ id, position, length }) => [id, position, length])
}
