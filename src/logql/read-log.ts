import { type SyntaxNode, terms } from './grammar.ts'
import { labelIn, leaves, readMatcher, textIn } from './read-parts.ts'
import { readRowStage } from './read-row-stage.ts'
import { type LabelFilter, type LineFilter, type LogQuery, QueryFault, type Stage, type Text } from './syntax.ts'
import type { NumberFilter, NumberOperator, TextFilter } from './syntax.ts'
import { readBytes, readDuration } from './units.ts'

const deepest = 100

/** Reads the parts of a query that select rows. Throws `QueryFault`. */
export class LogReader {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** What has a selector, and perhaps stages. */
  log(node: SyntaxNode): LogQuery {
    const matchers = leaves(node.getChild(terms.Selector)!.getChild(terms.Matchers), terms.Matchers)
    const stages = leaves(node.getChild(terms.PipelineExpr), terms.PipelineExpr)
    return { matchers: matchers.map(one => this.#matcher(one)), stages: stages.flatMap(stage => this.#stage(stage)) }
  }

  #stage(stage: SyntaxNode): Stage[] {
    const lines = stage.getChild(terms.LineFilters)
    if (lines !== null) return this.#lineFilters(lines)
    const labels = stage.getChild(terms.LabelFilter)
    if (labels !== null) return [this.labelFilter(labels)]
    return readRowStage(stage.lastChild!, this.#text)
  }

  /** An `or` behind ip() stands beside its filter, the others in it. */
  #lineFilters(lines: SyntaxNode): LineFilter[] {
    const filters: LineFilter[] = []
    for (let node = lines.firstChild; node !== null; node = node.nextSibling) {
      if (node.type.id === terms.LineFilters) filters.push(...this.#lineFilters(node))
      else if (node.type.id === terms.LineFilter) filters.push(this.#lineFilter(node))
      else if (node.type.id === terms.OrFilter) {
        const last = filters.pop()!
        filters.push({ ...last, any: [...last.any, ...this.#alternatives(node)] })
      }
    }
    return filters
  }

  #lineFilter(filter: SyntaxNode): LineFilter {
    const operator = this.#of(filter.getChild(terms.Filter)!)
    if (operator === '|>' || operator === '!>')
      throw new QueryFault(`"${operator}" is not supported: use "|~" with a regular expression`, filter.from)
    const any = this.#alternatives(filter)
    if (any.some(({ isIp }) => isIp) && (operator === '|~' || operator === '!~'))
      throw new QueryFault(`ip() goes with "|=" and "!=", not with "${operator}"`, filter.from)
    return { kind: 'line', operator: operator as LineFilter['operator'], any }
  }

  /** A line filter or what stands behind its `or`, and all `or` behind that. */
  #alternatives(filter: SyntaxNode): LineFilter['any'] {
    const or = filter.getChild(terms.OrFilter)
    const own = { text: this.#textIn(filter), isIp: filter.getChild(terms.FilterOp) !== null }
    return or === null ? [own] : [own, ...this.#alternatives(or)]
  }

  labelFilter(filter: SyntaxNode, depth = 0): LabelFilter {
    if (depth > deepest) throw new QueryFault(`Conditions are nested more than ${deepest} deep`, filter.from)
    const inner = filter.getChildren(terms.LabelFilter)
    if (inner.length === 1) return this.labelFilter(inner[0]!, depth + 1)
    const [left, right] = inner.map(one => this.labelFilter(one, depth + 1))
    if (right !== undefined) return { kind: filter.getChild(terms.Or) === null ? 'and' : 'or', left: left!, right }
    const only = filter.firstChild!
    if (only.type.id === terms.Matcher) return this.#matcher(only)
    if (only.type.id === terms.IpLabelFilter) {
      const isNegated = only.getChild(terms.Neq) !== null
      return { kind: 'ip', label: this.#labelOf(only), isNegated, text: this.#textIn(only) }
    }
    return this.#numberFilter(only.type.id === terms.UnitFilter ? only.firstChild! : only)
  }

  #numberFilter(filter: SyntaxNode): NumberFilter {
    const literal = filter.lastChild!
    const operator = this.#of(filter.firstChild!.nextSibling!).replace(/^=$/, '==') as NumberOperator
    const written = this.#of(literal)
    const label = this.#labelOf(filter)
    if (filter.type.id === terms.DurationFilter)
      return { kind: 'number', label, operator, unit: 'duration', value: this.#measure(literal, readDuration) }
    if (filter.type.id === terms.BytesFilter)
      return { kind: 'number', label, operator, unit: 'bytes', value: this.#measure(literal, readBytes) }
    return { kind: 'number', label, operator, unit: 'number', value: Number(written.replaceAll(/\s/g, '')) }
  }

  #measure(literal: SyntaxNode, read: (text: string) => number): number {
    const value = read(this.#of(literal))
    if (!Number.isNaN(value)) return value
    throw new QueryFault(`Cannot read "${this.#of(literal)}": write it as 1.5s, 2h45m or 10MiB`, literal.from)
  }

  #matcher(matcher: SyntaxNode): TextFilter {
    return readMatcher(matcher, this.#text)
  }

  #labelOf(node: SyntaxNode): string {
    return labelIn(node, this.#text)
  }

  #textIn(node: SyntaxNode): Text {
    return textIn(node, this.#text)
  }

  #of(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to)
  }
}
