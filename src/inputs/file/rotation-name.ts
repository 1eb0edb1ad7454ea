const packed = /\.(?:gz|zst)$/
const separators = '.-_~'
/** What a rotation puts before the extension: `-20261122`, `.1`, `_2026-11-22T10.00`. */
const stamp = /^[.\-_~]\d[\w.:+-]*$/

/** By its name it is an archive. */
export function isPacked(path: string): boolean {
  return packed.test(path)
}

/** The names that a file may have had before it was rotated, by its name now: `app.log` for `app.log.1`, `app.log-20261122.gz`,
 * `app-2026-11-22.log`, and some that are none. A name that only differs from another one, as `app-2.log` from `app-1.log`, is not
 * one of a rotation. */
export function namesBefore(name: string): Set<string> {
  const plain = name.replace(packed, '')
  const names = new Set<string>()
  for (let at = plain.length - 1; at > 0; at--) {
    if (!separators.includes(plain[at]!)) continue
    names.add(plain.slice(0, at))
    for (let dot = plain.indexOf('.', at + 2); dot > 0; dot = plain.indexOf('.', dot + 1)) {
      if (stamp.test(plain.slice(at, dot))) names.add(plain.slice(0, at) + plain.slice(dot))
    }
  }
  if (plain !== name) names.add(plain)
  return names
}
