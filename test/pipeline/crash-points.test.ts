import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  vi.resetModules()
})

/** What a shard posts around the place where the process ends, if it came to it. */
async function postsAt(point: string): Promise<string[]> {
  vi.stubEnv('MCP_COLLECTOR_CRASH_AT', `${point}:1`)
  vi.resetModules()
  const { FileMarks } = await import('../../src/inputs/file/marks.ts')
  const { PortLink } = await import('../../src/pipeline/port-link.ts')
  const events: string[] = []
  vi.spyOn(process, 'kill').mockImplementation(() => {
    events.push('killed')
    return true
  })
  const link = new PortLink(message => void events.push(message.type))
  new FileMarks('source', link, { cuts: [], parser: undefined }).addCut(10)
  await Promise.resolve()
  await Promise.resolve()
  return events
}

test('a crash point before a record stands before it is handed over', async () => {
  expect(await postsAt('inputs.cut.before')).toEqual(['killed', 'append'])
})

test('a crash point after a record stands after its message has left the thread', async () => {
  expect(await postsAt('inputs.cut.after')).toEqual(['append', 'killed'])
})
