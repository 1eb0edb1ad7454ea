import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { MemoryLink } from '../fakes/state-link.ts'
import { accountOf, type Framing, framings, Life, MemorySource, partialMs, rowsOf, seenOf } from './lanes-model.ts'

const outputs = ['one/a', 'one/b', 'one/c', 'two/d'] as const
/** Rules see rows in the pipeline that comes first: one with several outputs, or with one. */
const orders = [outputs, outputs.toReversed()] as const

/** A piece of a log: a line, or a part of one. */
const line = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40).map(length => `${'x'.repeat(length)}\n`) },
  { weight: 1, arbitrary: fc.nat(700).map(length => `${'long '.repeat(length / 5)}\r\n`) },
  { weight: 1, arbitrary: fc.nat(250).map(length => 'open '.repeat(length / 5)) },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r\n', '\0\0\0', '\r') }
)
const part = fc
  .tuple(fc.constantFrom('stdout', 'stderr'), fc.constantFrom('P', 'F', 'F'), line)
  .map(([stream, tag, text]) => `2026-01-01T00:00:00.5Z ${stream} ${tag} ${text}`)

const stepOf = (framing: Framing) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('grow'),
        text: fc.array(framing.endsWith('lines') ? line : part, { maxLength: 30 })
      })
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('room'), output: fc.constantFrom(...outputs), is: fc.boolean() })
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('end'), output: fc.constantFrom(...outputs), which: fc.nat() })
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('run'), slices: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('time'), ms: fc.constantFrom(100, partialMs + 20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rotate', 'truncate') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail'), is: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit', 'commit', 'detach') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replace'), output: fc.constantFrom(...outputs) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restart') }) }
  )
type Step = ReturnType<typeof stepOf> extends fc.Arbitrary<infer T> ? T : never

/** Sources that grow, and lives that end. */
class Play {
  readonly #framing: Framing
  readonly #order: readonly string[]
  readonly #link = new MemoryLink()
  readonly sources: MemorySource[] = []
  life: Life
  /** What earlier lives gave out, too: it is the same again. */
  readonly seen = new Map<string, Set<string>>()
  /** Nothing was begun again, or lost. */
  isWhole = true
  isOneLife = true

  constructor(framing: Framing, order: readonly string[] = outputs) {
    this.#framing = framing
    this.#order = order
    this.life = new Life(framing, order, this.#link)
    this.#begin()
  }

  async step(step: Step): Promise<void> {
    const { life } = this
    if (step.do === 'grow') this.#grow(step.text.join(''))
    if (step.do === 'room') life.setRoom(step.output, step.is)
    if (step.do === 'end' && life.outputs[step.output]!.pending.length > 0) life.outputs[step.output]!.end(step.which)
    if (step.do === 'run') await life.settle(step.slices)
    if (step.do === 'time') await life.clock.advance(step.ms)
    if (step.do === 'commit') this.#commit()
    if (step.do === 'detach') await life.detach()
    if (step.do === 'fail') this.#fail(step.is)
    if (step.do === 'rotate' || step.do === 'truncate') this.#rotate(step.do)
    if (step.do === 'replace') this.#replace(step.output)
    if (step.do === 'restart') this.restart()
  }

  /** Everybody has room, and nothing comes any more. */
  async finish(): Promise<void> {
    const { life } = this
    this.#fail(false)
    await life.settle(200)
    this.#checkFree()
    for (const output of outputs) life.setRoom(output, true)
    await this.#rest()
    for (const source of this.sources) {
      if (source.lostReason === undefined) expect(life.lanesOf(source), 'a lane for each pipeline').toBe(2)
    }
    for (const source of this.sources) source.ended = true
    for (const source of this.sources) life.wake(source)
    await this.#rest()
    for (const output of outputs) while (life.outputs[output]!.pending.length > 0) life.outputs[output]!.end(0)
    this.#commit()
  }

  /** Also of sources at rest, which nobody looks at, all is stored. */
  #commit(): void {
    this.life.commits.now()
    const { cursors, observed } = this.#link.stored()
    for (const { id, asFile } of this.sources) {
      for (const { output, settled } of this.life.lanes.tracksOf(asFile)) {
        const stored = cursors.find(cursor => cursor.source === id && cursor.output === output)
        expect(stored?.position, `the cursor of ${output}`).toBe(settled)
      }
      const sight = this.life.lanes.sightOf(asFile)
      const seen = observed.find(({ source }) => source === id)
      expect([seen?.from, seen?.knownTo], 'what rules have seen').toEqual([sight?.settled, sight?.read])
    }
  }

  /** A life ends without a word, another one begins at the cursors that were stored. */
  restart(): void {
    this.#note(outputs)
    this.isWhole = false
    this.isOneLife = false
    this.life.turns.stop()
    this.life = new Life(this.#framing, this.#order, this.#link)
    for (const source of this.sources) {
      const { bytes, ended, lostReason, cuts } = source
      const again = new MemorySource(source.id, this.#link)
      Object.assign(again, { bytes, ended, lostReason })
      for (const cut of cuts) again.cuts.add(cut)
      this.sources[this.sources.indexOf(source)] = again
      this.life.open(again)
    }
  }

  rulesSaw(source: MemorySource): string[] {
    return seenOf(this.#link, source)
  }

  /** Each output got all rows, and in this life none twice. */
  async check(): Promise<void> {
    let all = 0
    for (const source of this.sources) {
      const tracks = this.life.tracksOf(source)
      expect(tracks.map(track => track.settled)).toEqual(outputs.map(() => source.size))
      if (source.lostReason === undefined) all += await this.#checkRows(source)
      else this.#checkLost(source)
    }
    const isAllThere = this.sources.every(source => source.lostReason === undefined)
    if (isAllThere && this.isOneLife) this.#checkCounts(all)
    const isCounted = this.isWhole && isAllThere
    if (isCounted) expect(this.life.sample('collector_input_rows_total'), 'rows are counted once').toBe(all)
  }

  async #checkRows(source: MemorySource): Promise<number> {
    const rows = await rowsOf(source, this.#framing)
    expect(seenOf(this.#link, source), 'rules have seen each row once, in all lives together').toEqual(rows)
    for (const output of outputs) {
      const now = this.life.rowsOf(output, source)
      const before = this.seen.get(`${output} ${source.id}`) ?? new Set()
      expect(now, `${output} has the last rows in their order`).toEqual(now.length === 0 ? [] : rows.slice(-now.length))
      expect(new Set([...before, ...now]), `${output} has all rows`).toEqual(new Set(rows))
    }
    const accounts = this.life.tracksOf(source).map(track => accountOf(track, rows.length))
    expect(accounts).toEqual(outputs.map(() => ''))
    return rows.length
  }

  /** Also those that an output that was replaced had held of an unfinished record, when another pipeline has cut it meanwhile. */
  #checkCounts(all: number): void {
    for (const { rows } of Object.values(this.life.counting)) expect(rows, 'steps count each row once').toBe(all)
  }

  /** What was read before stays what it is. */
  #checkLost(source: MemorySource): void {
    const seen = seenOf(this.#link, source)
    expect(new Set(seen).size, 'rules have seen no row twice').toBe(seen.length)
    for (const track of this.life.tracksOf(source)) {
      const rows = this.life.rowsOf(track.output, source)
      expect(new Set(rows).size).toBe(rows.length)
      if (this.isWhole) expect(accountOf(track, rows.length)).toBe('')
    }
  }

  /** No output waits for one that has no room. */
  #checkFree(): void {
    for (const source of this.sources) {
      const tracks = this.life.tracksOf(source)
      for (const { output, read } of tracks) {
        if (!this.life.outputs[output]!.isOpen) continue
        const pipeline = output.split('/')[0]!
        const others = tracks.filter(track => track.output.startsWith(pipeline)).map(track => track.read)
        expect(read, `${output} has read what others have`).toBe(Math.max(...others))
      }
    }
  }

  async #rest(): Promise<void> {
    for (let round = 0; round < 1000 && !this.life.turns.isIdle; round++) await this.life.settle(1)
  }

  #grow(text: string): void {
    const source = this.sources.at(-1)
    source.bytes = Buffer.concat([source.bytes, Buffer.from(text)])
    this.life.wake(source)
  }

  #fail(isFailing: boolean): void {
    for (const source of this.sources) {
      const isOver = source.isFailing && !isFailing
      source.isFailing = isFailing
      if (isOver) this.life.wake(source)
    }
  }

  #rotate(how: 'rotate' | 'truncate'): void {
    const last = this.sources.at(-1)
    last.ended = true
    if (how === 'truncate') last.lostReason = 'truncated_gap'
    this.life.wake(last)
    this.#begin()
  }

  #begin(): void {
    const source = new MemorySource(`source${this.sources.length}`, this.#link)
    this.sources.push(source)
    this.life.open(source)
  }

  #replace(output: string): void {
    this.#note([output])
    this.isWhole = false
    this.life.outputs[output]!.rows.clear()
    this.life.replace(output)
  }

  #note(names: readonly string[]): void {
    for (const output of names) {
      for (const [source, rows] of this.life.outputs[output]!.rows) {
        const key = `${output} ${source}`
        this.seen.set(key, new Set([...(this.seen.get(key) ?? []), ...rows]))
      }
    }
  }
}

describe.each(Object.keys(framings) as Framing[])('lanes that read %s', framing => {
  it('give each output, and rules, every row once and in order, however they part and meet', async () => {
    const steps = fc.array(stepOf(framing), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(...orders), async (script, order) => {
        const play = new Play(framing, order)
        for (const step of script) await play.step(step)
        await play.finish()
        await play.check()
      }),
      { numRuns: 80 }
    )
  })
})

/** Each text is written and read; `|` stores what is so then, `!` kills. Returns how often each row was seen. */
async function seenAfter(...script: readonly string[]): Promise<Record<string, number>> {
  const play = new Play('containers')
  for (const step of [...script, '']) {
    if (step === '|') await play.step({ do: 'commit' })
    else if (step === '!') await play.step({ do: 'restart' })
    else await play.step({ do: 'grow', text: [step] })
    await play.step({ do: 'run', slices: 20 })
  }
  await play.step({ do: 'commit' })
  const rows = play.rulesSaw(play.sources[0]!).map(row => row.split(' ').slice(2).join(' '))
  return Object.fromEntries([...Map.groupBy(rows, row => row)].map(([row, all]) => [row, all.length]))
}

describe('rules that go on after a kill', () => {
  const at = '2026-01-01T00:00:00.5Z'
  const held = `${at} stdout P part one, \n`
  const complete = `${at} stderr F complete\n`
  const end = `${at} stdout F part two\n`
  const more = `${at} stderr F more\n`

  const whole = { complete: 1, more: 1, 'part one, part two': 1 }

  it.each([
    ['in front of the first commit', [held, complete, '!', more, end]],
    ['while a record is held and others behind it were seen', [held, complete, '|', '!', more, end]],
    ['twice in that state', [held, complete, '|', '!', '|', '!', more, end]],
    ['again when more was seen behind it', [held, complete, '|', '!', more, '|', '!', end]],
    ['when it is complete', [held, complete, more, end, '|', '!']],
    ['behind rows that were not stored', [held, complete, '|', more, end, '!']]
  ])('see no row twice and miss none: %s', async (_when, script) => {
    expect(await seenAfter(...script)).toEqual(whole)
  })
})

describe('rules and outputs without room', () => {
  it('wait for each other for a while, then rules go ahead, and outputs miss nothing', async () => {
    const play = new Play('lines')
    for (const output of outputs) await play.step({ do: 'room', output, is: false })
    await play.step({ do: 'grow', text: Array.from({ length: 200 }, (_, i) => `row ${i} ${'x'.repeat(20)}\n`) })
    await play.step({ do: 'run', slices: 20 })
    await play.step({ do: 'commit' })
    await play.life.pass(1000)
    await play.step({ do: 'run', slices: 20 })
    await play.step({ do: 'commit' })
    expect(play.rulesSaw(play.sources[0]!)).toEqual([])
    await play.step({ do: 'detach' })
    await play.step({ do: 'run', slices: 20 })
    await play.step({ do: 'commit' })
    expect(play.rulesSaw(play.sources[0]!)).toHaveLength(200)
    await play.finish()
    await play.check()
  })
})

test('a source that is read to its end and stored is left alone until more is read of it', async () => {
  const link = new MemoryLink()
  const life = new Life('lines', ['one/a'], link)
  const [idle, busy] = [new MemorySource('idle', link), new MemorySource('busy', link)]
  const restless = (): string[] => Array.from(life.lanes.restless(), ([{ id }]) => id)
  for (const source of [idle, busy]) {
    source.bytes = Buffer.from('one\n')
    life.open(source)
  }
  await life.settle()
  life.commits.now()
  expect(restless(), 'rows are on their way').toEqual(['idle', 'busy'])
  while (life.outputs['one/a']!.pending.length > 0) life.outputs['one/a']!.end(0)
  life.commits.now()
  expect(restless()).toEqual([])
  busy.bytes = Buffer.from('one\ntwo\nthr')
  life.wake(busy)
  await life.settle()
  life.outputs['one/a']!.end(0)
  life.commits.now()
  expect(restless(), 'a line has no end').toEqual(['busy'])
})

describe('what an output held of an unfinished record when a reload replaced it', () => {
  it.each(Object.keys(framings) as Framing[])('is counted once, whoever has cut it meanwhile: %s', async framing => {
    const piece = framing.endsWith('containers') ? '2026-01-01T00:00:00.5Z stdout P ' : ''
    for (const isReplaced of [false, true]) {
      const link = new MemoryLink()
      const life = new Life(framing, ['one/a', 'two/d'], link)
      const source = new MemorySource('s', link)
      life.open(source)
      source.bytes = Buffer.from(`${piece}begun\n${piece}long \n`)
      life.wake(source)
      await life.settle()
      life.setRoom('two/d', false)
      await life.clock.advance(10 * partialMs)
      if (isReplaced) life.replace('two/d')
      life.setRoom('two/d', true)
      await life.settle()
      await life.clock.advance(10 * partialMs)
      const rows = await rowsOf(source, framing)
      expect(new Set(life.rowsOf('two/d', source))).toEqual(new Set(rows))
      expect(Object.values(life.counting).map(step => step.rows)).toEqual([rows.length, rows.length])
    }
  })
})
