import type { Command } from 'commander'
import type { Problem } from '../config/problems.ts'
import { isNoTest } from '../config/rule-files.ts'
import { exitCodes } from '../core/errors.ts'
import type { RuleGroup } from '../rules/rule.ts'
import { refuse } from './problems.ts'
import { defineBacktest } from './rules-backtest.ts'
import { defineNotify } from './rules-notify.ts'
import { defineTest } from './rules-test.ts'
import type { Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

type Finish = (exitCode: number) => void

/** Rule files: alerts and recorded numbers. */
export const rules: Verb = {
  define(command, terminal, finish) {
    defineCheck(command.command('check <file...>').description('validate rule files'), terminal, finish)
    defineTest(command.command('test <file...>').description('run tests of rule files'), terminal, finish)
    const backtest = command.command('backtest').description('try rules on old logs: what would have fired, and when')
    defineBacktest(backtest, terminal, finish)
    const notify = command.command('notify <config...>').description('send a test alert to everybody who is told')
    defineNotify(notify, terminal, finish)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector rules check rules/*.yaml': 'all mistakes at once',
        'mcp-collector rules test rules/*.test.yaml': 'whether rules do what they are to do',
        'mcp-collector rules backtest rules.yaml agent.log': 'which alerts would have fired',
        'mcp-collector rules notify my.yaml': 'whether alerts arrive'
      })
    )
  }
}

function defineCheck(command: Command, terminal: Terminal, finish: Finish): void {
  const { out } = terminal
  command.option('--loki', 'refuse what Loki does not know: "remember", "rows", selectors that only exclude')
  command.option('--json', 'the problems as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector rules check rules/*.yaml': 'all mistakes at once, as file:line:column: message; exit code 2',
      'mcp-collector rules check --loki rules.yaml': 'whether the ruler of Loki could take it, too'
    })
  )
  command.action(async (files: string[], options: { json?: true; loki?: true }) => {
    const loaded = await checkAll(files, options.loki === true)
    if ('problems' in loaded) return finish(refuse(loaded.problems, terminal, options.json))
    const { counts } = loaded
    if (options.json) out.line(JSON.stringify({ ok: true, ...counts }))
    else {
      const parts = Object.entries(counts).map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`)
      out.line(`ok: ${parts.join(', ')}`)
    }
    finish(exitCodes.ok)
  })
}

type Checked = { readonly problems: readonly Problem[] } | { readonly counts: Readonly<Record<string, number>> }

/** Files of tests may stand beside those of rules: a pattern of the shell names both. */
async function checkAll(files: readonly string[], loki: boolean): Promise<Checked> {
  const { loadRules } = await import('../rules/load.ts')
  const loaded = loadRules(files.filter(isNoTest), { loki })
  if ('problems' in loaded) return loaded
  const { readTests } = await import('../rules/tests/read-tests.ts')
  const read = files.filter(file => !isNoTest(file)).map(readTests)
  const problems = read.flatMap(one => ('problems' in one ? one.problems : []))
  if (problems.length > 0) return { problems }
  const tests = read.reduce((sum, one) => sum + ('tests' in one ? one.tests.tests.length : 0), 0)
  return { counts: { ...countsOf(loaded.groups), ...(tests > 0 && { tests }) } }
}

function countsOf(groups: readonly RuleGroup[]): Readonly<Record<'groups' | 'alerts' | 'records', number>> {
  const rules = groups.flatMap(group => group.rules)
  const alerts = rules.filter(({ kind }) => kind === 'alert').length
  return { groups: groups.length, alerts, records: rules.length - alerts }
}
