import type { Command } from 'commander'
import { formatProblem } from '../config/problems.ts'
import { exitCodes } from '../core/errors.ts'
import type { RuleGroup } from '../rules/rule.ts'
import { defineBacktest } from './rules-backtest.ts'
import { defineNotify } from './rules-notify.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

type Finish = (exitCode: number) => void

/** Rule files: alerts and recorded numbers. */
export const rules: Verb = {
  define(command, terminal, finish) {
    defineCheck(command.command('check <file...>').description('validate rule files'), terminal, finish)
    const backtest = command.command('backtest').description('try rules on old logs: what would have fired, and when')
    defineBacktest(backtest, terminal, finish)
    const notify = command.command('notify <config...>').description('send a test alert to everybody who is told')
    defineNotify(notify, terminal, finish)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector rules check rules/*.yaml': 'all mistakes at once',
        'mcp-collector rules backtest rules.yaml agent.log': 'which alerts would have fired',
        'mcp-collector rules notify my.yaml': 'whether alerts arrive'
      })
    )
  }
}

function defineCheck(command: Command, { out, err }: Terminal, finish: Finish): void {
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
    const { loadRules } = await import('../rules/load.ts')
    const loaded = loadRules(files, { loki: options.loki === true })
    if ('problems' in loaded) {
      if (options.json) out.line(JSON.stringify({ ok: false, problems: loaded.problems }))
      else for (const problem of loaded.problems) err.line(printable(formatProblem(problem)))
      return finish(exitCodes.badConfiguration)
    }
    const counts = countsOf(loaded.groups)
    if (options.json) out.line(JSON.stringify({ ok: true, ...counts }))
    else {
      const parts = Object.entries(counts).map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`)
      out.line(`ok: ${parts.join(', ')}`)
    }
    finish(exitCodes.ok)
  })
}

function countsOf(groups: readonly RuleGroup[]): Readonly<Record<'groups' | 'alerts' | 'records', number>> {
  const rules = groups.flatMap(group => group.rules)
  const alerts = rules.filter(({ kind }) => kind === 'alert').length
  return { groups: groups.length, alerts, records: rules.length - alerts }
}
