/** Why a template can not be used, and where in it. */
export class TemplateFault extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

export type TokenKind = 'end' | 'pipe' | 'variable' | 'word' | 'text' | 'number'
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
}

/** What a template is made of: texts, and actions without their braces. Spaces beside `{{-` and `-}}` are gone. */
export type Piece = string | { readonly tokens: readonly Token[]; readonly at: number }

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let isTrimmed = false
  for (;;) {
    const open = text.indexOf('{{', at)
    const before = text.slice(at, open < 0 ? text.length : open)
    const trimsBefore = open >= 0 && /^-\s/.test(text.slice(open + 2, open + 4))
    pieces.push(trimmed(before, isTrimmed, trimsBefore))
    if (open < 0) return pieces.filter(piece => piece !== '')
    const action = actionAt(text, open, open + (trimsBefore ? 3 : 2))
    if (action.tokens !== undefined) pieces.push({ tokens: action.tokens, at: open })
    at = action.end
    isTrimmed = text[at - 3] === '-'
  }
}

function trimmed(text: string, atStart: boolean, atEnd: boolean): string {
  const rest = atStart ? text.trimStart() : text
  return atEnd ? rest.trimEnd() : rest
}

/** The tokens of an action; none of a comment. */
function actionAt(text: string, open: number, start: number): { tokens: Token[] | undefined; end: number } {
  const comment = match(/\s?\/\*[^]*?\*\/(?:\s-)?\}\}/y, text, start)
  if (comment !== undefined) return { tokens: undefined, end: start + comment.length }
  const tokens: Token[] = []
  let at = start
  for (;;) {
    at += match(/\s*/y, text, at)!.length
    const token = tokenAt(text, at, open)
    at += token.text.length
    if (token.kind === 'end') return { tokens, end: at }
    tokens.push(token)
  }
}

const forms: readonly (readonly [TokenKind, RegExp])[] = [
  ['end', /(?:(?<=\s)-)?\}\}/y],
  ['pipe', /\|/y],
  ['variable', /[$.](?:[A-Za-z_][\w.]*)?/y],
  ['word', /[A-Za-z_]\w*/y],
  ['text', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y]
]

function tokenAt(text: string, at: number, open: number): Token {
  for (const [kind, form] of forms) {
    const found = match(form, text, at)
    if (found !== undefined) return { kind, text: found, at }
  }
  if (at >= text.length) throw new TemplateFault('The "{{" has no "}}"', open)
  const here = text[at]!
  if (here === '"' || here === '`') throw new TemplateFault(`The ${here} is not closed`, at)
  if (here === '(') throw new TemplateFault('Parentheses are not supported: write a | b for b (a)', at)
  if (here === '}') throw new TemplateFault('A "}" is missing here', at)
  throw new TemplateFault(`Cannot read "${String.fromCodePoint(text.codePointAt(at)!)}" in a template`, at)
}

function match(form: RegExp, text: string, at: number): string | undefined {
  form.lastIndex = at
  return form.exec(text)?.[0]
}
