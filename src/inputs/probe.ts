import { defineInput } from '../config/define.ts'
import type { OptionTypes } from '../config/option-types.ts'
import { fedPath } from './probe/fed-file.ts'

const second = 1000
const mebibyte = 1024 * 1024
const kinds = ['http', 'tcp', 'pid', 'pidFile'] as const

const target = (t: OptionTypes) =>
  t
    .group('What to look at: one of `http`, `tcp`, `pid` and `pid_file`.', {
      http: t.url('An address that answers GET with a status below 400; redirects are not followed.').optional(),
      tcp: t.address('A host and port that take a connection.').optional(),
      pid: t.count('A process that is there, by its number.', { min: 1, max: 4_194_304 }).optional(),
      pidFile: t.path('A file with the number of a process that is there.').optional(),
      agent: t.text('`agent_id` of its rows, so that rules can compare them with those of the agent.').optional()
    })
    .refine(one => kinds.filter(kind => one[kind] !== undefined).length === 1, {
      error: 'it needs one of "http", "tcp", "pid" and "pid_file"'
    })

/** Looks whether others are there. */
export const probe = defineInput({
  name: 'probe',
  summary: 'Looks whether servers, ports and processes are there, and makes a row of each look.',
  options: t => ({
    targets: t.map('What to look at, by names of your own.', target(t)),
    interval: t.duration('How often.', { min: second }).default(10 * second),
    timeout: t.duration('What has not answered in this time has failed.', { min: 10, max: 60 * second }).default(second)
  }),
  examples: [
    {
      title: 'Whether an agent that says nothing can be reached',
      config:
        'targets:\n  api: { http: "http://127.0.0.1:8080/health", agent: agent-7 }\n  process: { pid_file: /run/mcp-agent.pid, agent: agent-7 }'
    },
    { title: 'A port, once a minute', config: 'targets: { mcp: { tcp: "10.0.0.5:3000" } }\ninterval: 1m' }
  ],
  plan: (_, place) => ({
    paths: [fedPath(place)],
    exclude: [],
    framing: 'lines',
    pathFields: 'none',
    readFrom: 'beginning',
    ignoreOlderMs: 0,
    maxLineBytes: mebibyte,
    partialMs: 5 * second,
    scanMs: second,
    followSymlinks: false,
    linkRoots: [],
    rotatedTo: [],
    maxOpenFiles: 16,
    shard: 'shared',
    compression: 'none'
  }),
  async feed({ targets, interval, timeout }, context) {
    const { startProber } = await import('./probe/prober.ts')
    const list = Object.entries(targets).map(([name, { http, tcp, pid, pidFile, agent = '' }]) => ({
      name,
      agent,
      check:
        http !== undefined
          ? ({ type: 'http', url: http } as const)
          : tcp !== undefined
            ? ({ type: 'tcp', ...tcp } as const)
            : ({ type: 'pid', pid, file: pidFile } as const)
    }))
    return startProber({ targets: list, intervalMs: interval, timeoutMs: Math.min(timeout, interval) }, context)
  }
})
