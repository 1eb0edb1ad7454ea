const tables = new Map<string, Map<string, Buffer>>()

/** Text in an encoding, which has to have all of its characters. */
export function encode(text: string, encoding: string): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  const table = tableOf(encoding)
  return Buffer.concat(
    Array.from(text, char => {
      const bytes = table.get(char)
      if (bytes === undefined) throw new Error(`"${char}" can not be written in ${encoding}`)
      return bytes
    })
  )
}

/** Turns the decoder round: there is no encoder but that of UTF-8. */
function tableOf(encoding: string): Map<string, Buffer> {
  let table = tables.get(encoding)
  if (table !== undefined) return table
  tables.set(encoding, (table = new Map()))
  const decoder = new TextDecoder(encoding)
  const learn = (...bytes: number[]): void => {
    const char = decoder.decode(Uint8Array.from(bytes))
    if (Array.from(char).length === 1 && char !== '\ufffd' && !table.has(char)) table.set(char, Buffer.from(bytes))
  }
  for (let first = 0; first < 256; first++) learn(first)
  for (let first = 0x81; first < 255; first++) for (let second = 0x40; second < 255; second++) learn(first, second)
  return table
}
