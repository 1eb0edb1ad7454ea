import { type SyntaxNode, terms } from './grammar.ts'
import { labelIn, leaves, readMatcher, textIn } from './read-parts.ts'
import { type Extraction, QueryFault, type RowStage, type TextFilter } from './syntax.ts'

/** Reads what stands behind `|` of a stage that gives a row other labels, or another line. */
export function readRowStage(stage: SyntaxNode, query: string): RowStage[] {
  switch (stage.type.id) {
    case terms.LabelParser:
      return [labelParser(stage, query)]
    case terms.JsonExpressionParser:
      return [{ kind: 'json', fields: extractions(stage, query), at: stage.from }]
    case terms.LogfmtParser:
    case terms.LogfmtExpressionParser:
      return [logfmt(stage, query)]
    case terms.LineFormatExpr:
      return [{ kind: 'lineFormat', text: textIn(stage, query) }]
    case terms.LabelFormatExpr:
      return labelFormats(stage, query)
    case terms.DropLabelsExpr:
      return [{ kind: 'drop', labels: labelsOf(stage, [terms.DropLabels, terms.DropLabel], query) }]
    case terms.KeepLabelsExpr:
      return [{ kind: 'keep', labels: labelsOf(stage, [terms.KeepLabels, terms.KeepLabel], query) }]
    case terms.DecolorizeExpr:
      return [{ kind: 'decolorize' }]
    default:
      throw new QueryFault('This stage is not supported', stage.from)
  }
}

function labelParser(stage: SyntaxNode, query: string): RowStage {
  switch (stage.firstChild!.type.id) {
    case terms.Json:
      return { kind: 'json', fields: [], at: stage.from }
    case terms.Logfmt:
      return { kind: 'logfmt', isStrict: false, keepsEmpty: false, fields: [], at: stage.from }
    case terms.Unpack:
      return { kind: 'unpack', at: stage.from }
    case terms.Pattern:
      return { kind: 'pattern', text: textIn(stage, query) }
    default:
      return { kind: 'regexp', text: textIn(stage, query) }
  }
}

function logfmt(stage: SyntaxNode, query: string): RowStage {
  const flags = stage.getChild(terms.LogfmtParserFlags)
  const written = flags === null ? '' : query.slice(flags.from, flags.to)
  return {
    kind: 'logfmt',
    isStrict: written.includes('--strict'),
    keepsEmpty: written.includes('--keep-empty'),
    fields: extractions(stage, query),
    at: stage.from
  }
}

/** `a="b"`, or `a` for `a="a"`. */
function extractions(stage: SyntaxNode, query: string): Extraction[] {
  const list = leaves(stage.getChild(terms.LabelExtractionExpressionList), terms.LabelExtractionExpressionList)
  return list.map(one => {
    const label = labelIn(one, query)
    const path = one.getChild(terms.String) === null ? { value: label, at: one.from } : textIn(one, query)
    return { label, path }
  })
}

function labelFormats(stage: SyntaxNode, query: string): RowStage[] {
  const list = leaves(stage.getChild(terms.LabelsFormat), terms.LabelsFormat)
  return list.map(one => {
    const [label, from] = one.getChildren(terms.Identifier).map(node => query.slice(node.from, node.to))
    return { kind: 'labelFormat', label: label!, from: from ?? textIn(one, query) }
  })
}

function labelsOf(
  stage: SyntaxNode,
  [list, member]: readonly [number, number],
  query: string
): (string | TextFilter)[] {
  return leaves(stage.getChild(list), list).map(one => {
    const node = one.type.id === member ? one : one.getChild(member)!
    const matcher = node.getChild(terms.Matcher)
    return matcher === null ? labelIn(node, query) : readMatcher(matcher, query)
  })
}
