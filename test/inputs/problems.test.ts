import { expect, test } from 'vitest'
import type { FollowContext } from '../../src/inputs/file/context.ts'
import { Problems } from '../../src/inputs/file/problems.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { FakeClock } from '../fakes/clock.ts'

test.each(['EACCES', 'symlink'])(
  'thousands of files that can not be followed (%s) do not flood the log',
  async reason => {
    const told: string[] = []
    const clock = new FakeClock()
    const log = { ...silentLog, warn: (message: string) => void told.push(message) }
    const problems = new Problems('logs', { meter: new Meter(), log, clock } as unknown as FollowContext)
    const scan = async (): Promise<void> => {
      problems.clear()
      for (let n = 0; n < 12_000; n++) problems.report(reason, `/logs/${n}`)
      await clock.advance(1000)
    }
    for (let n = 0; n < 3; n++) await scan()
    expect(told.length).toBe(101)
    expect(told[0]).toContain('Cannot follow "/logs/0"')
    expect(told[100]).toContain('mcp-collector status')
    expect(problems.list().length).toBe(1000)
    await clock.advance(60_000)
    problems.report('EACCES', '/logs/new')
    expect(told.at(-1)).toContain('/logs/new')
  }
)
