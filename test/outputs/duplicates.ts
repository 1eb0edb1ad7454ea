const string = /"(?:[^"\\]|\\.)*"/y

/** The first key that stands twice in one object of valid JSON, compared decoded; undefined if there is none. */
export function duplicateKeyIn(json: string): string | undefined {
  const scopes: (Set<string> | undefined)[] = []
  for (let i = 0; i < json.length; ) {
    const char = json[i]!
    if (char === '{') scopes.push(new Set())
    if (char === '[') scopes.push(undefined)
    if (char === '}' || char === ']') scopes.pop()
    if (char !== '"') {
      i++
      continue
    }
    string.lastIndex = i
    const [text] = string.exec(json)!
    i += text.length
    if (/^\s*:/.test(json.slice(i, i + 16))) {
      const key = JSON.parse(text) as string
      const names = scopes.at(-1)!
      if (names.has(key)) return key
      names.add(key)
    }
  }
  return undefined
}
