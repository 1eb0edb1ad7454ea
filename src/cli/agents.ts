import type { Command } from 'commander'
import { exitCodes } from '../core/errors.ts'
import type { AgentState, AgentStatus } from '../rules/agents/agent.ts'
import { ask, notRunning } from './client.ts'
import { withStateDir } from './state-dir.ts'
import { formatDuration, tableLines } from './table.ts'
import { printable, type Stream, type Style, type Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly json?: true
}
type Finish = (exitCode: number) => void

const route = '/api/v1/agents'

/** The agents that a running collector has seen. */
export const agents: Verb = {
  define(command, terminal, finish) {
    const list = command.command('list', { isDefault: true }).description('list agents, those in trouble first')
    defineList(list, terminal, finish)
    defineForget(command.command('forget <id>').description('forget an agent until it is seen again'), terminal, finish)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector agents': 'which agents there are, and whether they are still there',
        'mcp-collector agents list --json': 'everything that is known of them',
        'mcp-collector agents forget agent-7': 'one that will not come back'
      })
    )
  }
}

function defineList(command: Command, { env, out }: Terminal, finish: Finish): void {
  withStateDir(command, env)
  command.option('--json', 'the agents as JSON')
  command.addHelpText(
    'after',
    examples({
      [`mcp-collector agents list --json | jq -r '.agents[] | select(.state == "offline").id'`]:
        'those that are missing'
    })
  )
  command.action(async ({ stateDir, json }: Options) => {
    const answer = await ask<{ agents: readonly AgentStatus[] }>(stateDir, { path: route })
    if (answer === undefined) throw notRunning(stateDir)
    if (json) out.line(JSON.stringify(answer))
    else for (const line of agentLines(out, answer.agents)) out.line(line)
    finish(exitCodes.ok)
  })
}

function defineForget(command: Command, { env, out }: Terminal, finish: Finish): void {
  withStateDir(command, env)
  command.option('--json', 'the outcome as JSON')
  command.addHelpText('after', examples({ 'mcp-collector agents forget agent-7': 'its next row makes it a new one' }))
  command.action(async (id: string, { stateDir, json }: Options) => {
    if (id === '') throw usage('Cannot forget the agent "": name one that "mcp-collector agents" shows')
    const path = `${route}/${encodeURIComponent(id)}`
    const answer = await ask<{ forgotten: string }>(stateDir, { method: 'DELETE', path })
    if (answer === undefined) throw notRunning(stateDir)
    out.line(json ? JSON.stringify(answer) : `forgot agent ${printable(answer.forgotten)}`)
    finish(exitCodes.ok)
  })
}

const styles: Readonly<Partial<Record<AgentState, Style>>> = {
  connected: 'green',
  late: 'yellow',
  offline: 'red',
  left: 'dim'
}

function agentLines(stream: Stream, list: readonly AgentStatus[], now = Date.now()): string[] {
  if (list.length === 0) return ['No agent yet: rows name theirs in "agent_id", else the pod or the service counts']
  const ago = (at: number | undefined): string => (at === undefined ? '' : formatDuration(Math.max(0, now - at)))
  const [title, ...lines] = tableLines(
    stream,
    [
      { title: 'agent', cell: agent => agent.id, canShrink: true },
      { title: 'state', cell: agent => agent.state },
      { title: 'service', cell: agent => agent.service },
      { title: 'host', cell: agent => agent.host },
      { title: 'role', cell: agent => agent.role },
      { title: 'version', cell: agent => agent.version },
      { title: 'seen', cell: agent => ago(agent.lastSeenAt) },
      { title: 'heartbeat', cell: agent => ago(agent.lastHeartbeatAt) },
      { title: 'every', cell: intervalText },
      { title: 'connection', cell: connectionText }
    ],
    list
  )
  return [
    title!,
    ...list.map(({ state }, i) => (styles[state] === undefined ? lines[i]! : stream.style(styles[state], lines[i]!)))
  ]
}

/** `30s`; `~30s` is learnt. */
function intervalText({ heartbeatIntervalMs: ms, heartbeatIntervalFrom: from }: AgentStatus): string {
  if (ms === undefined) return ''
  return `${from === 'learnt' ? '~' : ''}${formatDuration(Math.max(1000, Math.round(ms / 1000) * 1000))}`
}

function connectionText({ lastConnection }: AgentStatus): string {
  if (lastConnection === undefined) return ''
  const { isOk, errorCode } = lastConnection
  return isOk ? 'ok' : `failed ${errorCode}`.trimEnd()
}
