import { type AgentFile, readAgentFile } from './agent-file.ts'
import { type Environment, resolvePath } from './paths.ts'
import { childOf, type MapNode, type Place } from './tree.ts'

/** The agent that `agent.config` leads to. */
export interface AgentBeside extends AgentFile {
  /** The input that follows its log, where there is one. */
  readonly input?: string
}

const inputName = 'agent'

/** Reads the configuration of the agent beside us, where the tree names it, and puts an input that follows its log into the tree, unless
 * that has one of this name. */
export function readAgentBeside(tree: MapNode, env: Environment): AgentBeside | undefined {
  const named = childOf(childOf(tree, 'agent'), 'config')
  if (named?.kind !== 'scalar' || named.broken || named.text === '') return undefined
  const agent = readAgentFile(resolvePath(named.text, named.at.file, env))
  if (agent.logPath === undefined || !addInput(tree, agent.logPath, named.at)) return agent
  return { ...agent, input: inputName }
}

function addInput(tree: MapNode, path: string, at: Place): boolean {
  const inputs = tree.entries.get('inputs')?.node ?? { kind: 'map', at, entries: new Map() }
  if (inputs.kind !== 'map' || inputs.entries.has(inputName)) return false
  const paths = { kind: 'list', at, items: [scalar(path, at)] } as const
  const entries = new Map([
    ['type', { keyAt: at, node: scalar('file', at) }],
    ['paths', { keyAt: at, node: paths }]
  ])
  inputs.entries.set(inputName, { keyAt: at, node: { kind: 'map', at, entries } })
  if (!tree.entries.has('inputs')) tree.entries.set('inputs', { keyAt: at, node: inputs })
  return true
}

function scalar(text: string, at: Place) {
  return { kind: 'scalar', at, value: text, text, raw: text, written: text, substituted: true, broken: false } as const
}
