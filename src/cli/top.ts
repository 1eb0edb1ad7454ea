import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes } from '../core/errors.ts'
import { notRunning } from './client.ts'
import { withStateDir } from './state-dir.ts'
import { printable, type Terminal } from './terminal.ts'
import { type Sample, takeSample } from './top/sample.ts'
import { topLines, topReport } from './top/view.ts'
import { examples, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly once?: true
  readonly json?: true
}

const everyMs = 1000

export const top: Verb = {
  define(command, terminal, finish) {
    withStateDir(command, terminal.env)
    command.option('--once', 'print it once, after a second, as where no terminal is')
    command.option('--json', 'the same once as JSON, rates by second')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector top': 'rates, outputs, agents and alerts, anew each second; q or Ctrl-C ends',
        'mcp-collector top --once': 'for a log or a ticket',
        "mcp-collector top --json | jq '.outputs[] | {name, rows}'": 'for programs'
      })
    )
    command.action(async (options: Options) => finish(await show(options, terminal)))
  }
}

async function show({ stateDir, once, json }: Options, { out, err, openScreen }: Terminal): Promise<number> {
  let before = await sampleOf(stateDir)
  if (once || json || openScreen === undefined) {
    await delay(everyMs)
    const now = await sampleOf(stateDir)
    if (json) out.line(JSON.stringify(topReport(before, now)))
    else for (const line of topLines(out, before, now)) out.line(line)
    return exitCodes.ok
  }
  const screen = await openScreen()
  const left = new AbortController()
  void screen.left.then(() => left.abort())
  try {
    screen.show([printable(`Looking for a second at the collector of ${stateDir} …`)])
    while (await passes(left.signal)) {
      const now = await takeSample(stateDir)
      if (now === undefined) break
      screen.show([...topLines(out, before, now), '', out.style('dim', 'q ends')])
      before = now
    }
  } finally {
    screen.close()
  }
  if (!left.signal.aborted) err.line('The collector has ended')
  return exitCodes.ok
}

async function sampleOf(stateDir: string): Promise<Sample> {
  const sample = await takeSample(stateDir)
  if (sample === undefined) throw notRunning(stateDir)
  return sample
}

/** False: somebody wants to end it. */
async function passes(signal: AbortSignal): Promise<boolean> {
  return delay(everyMs, true, { signal }).catch(() => false)
}
