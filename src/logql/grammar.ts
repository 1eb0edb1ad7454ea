import * as terms from '@grafana/lezer-logql'

export { terms }
export type Tree = ReturnType<typeof terms.parser.parse>
export type SyntaxNode = Tree['topNode']
