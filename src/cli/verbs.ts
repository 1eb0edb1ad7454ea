import type { Verb } from './verb.ts'

interface VerbEntry {
  readonly summary: string
  readonly load: () => Promise<Verb>
}

/** The one list of verbs. A verb's file is loaded only when it is called. */
export const verbs: Readonly<Record<string, VerbEntry>> = {
  run: { summary: 'follow, normalise and ship until stopped', load: () => import('./run.ts').then(it => it.run) },
  demo: {
    summary: 'play a fleet of agents, and show how it is followed',
    load: () => import('./demo.ts').then(it => it.demo)
  },
  check: { summary: 'validate configuration files', load: () => import('./check.ts').then(it => it.check) },
  detect: { summary: 'find out the format of log files', load: () => import('./detect.ts').then(it => it.detect) },
  explain: { summary: 'follow one line through everything', load: () => import('./explain.ts').then(it => it.explain) },
  test: { summary: 'run tests of pipelines', load: () => import('./test.ts').then(it => it.test) },
  rules: {
    summary: 'validate rule files, test who is told about alerts',
    load: () => import('./rules.ts').then(it => it.rules)
  },
  reload: {
    summary: 'let a running collector read its configuration again',
    load: () => import('./reload.ts').then(it => it.reload)
  },
  status: { summary: 'show what a running collector does', load: () => import('./status.ts').then(it => it.status) },
  top: { summary: 'watch what a running collector does', load: () => import('./top.ts').then(it => it.top) },
  ledger: { summary: 'show what became of every row', load: () => import('./ledger.ts').then(it => it.ledger) },
  tail: { summary: 'show rows as they are read', load: () => import('./tail.ts').then(it => it.tail) },
  agents: { summary: 'list agents, or forget one', load: () => import('./agents.ts').then(it => it.agents) },
  verify: { summary: 'compare a file with an output', load: () => import('./verify.ts').then(it => it.verify) },
  dlq: { summary: 'list, show, replay or drop dead letters', load: () => import('./dlq.ts').then(it => it.dlq) },
  state: { summary: 'show, reset, export or import the state', load: () => import('./state.ts').then(it => it.state) },
  reference: { summary: 'show components and options', load: () => import('./reference.ts').then(it => it.reference) },
  completion: {
    summary: 'print what lets a shell complete verbs and options',
    load: () => import('./completion.ts').then(it => it.completion)
  },
  version: { summary: 'print the version', load: () => import('./version.ts').then(it => it.version) }
}
