import { crc32 } from 'node:zlib'

/** The line with number `seq` of a file: everything about it follows from the two, so that a copy of it proves itself. */
export function lineOf(file: string, seq: number): string {
  const payload = payloadOf(file, seq)
  const check = crc32(`${file}:${seq}:${payload}`).toString(16).padStart(8, '0')
  const trace = check.repeat(4)
  const message = `${file}:${seq}:${check}:${payload}`
  return JSON.stringify({ level: 'info', service_name: 'journal', trace_id: trace, message })
}

/** Which line a message is; undefined if it is none, or not whole. */
export function readMessage(message: string): { readonly file: string; readonly seq: number } | undefined {
  const match = /^([^:]+):(\d+):([0-9a-f]{8}):(.*)$/s.exec(message)
  if (match === null) return undefined
  const [, file = '', seq = '', check, payload] = match
  if (crc32(`${file}:${seq}:${payload}`).toString(16).padStart(8, '0') !== check) return undefined
  return { file, seq: Number(seq) }
}

/** 20 to 220 bytes, some of them outside ASCII or escaped in JSON. */
function payloadOf(file: string, seq: number): string {
  let state = crc32(`${file}/${seq}`)
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % limit
  }
  const words = [
    'ready',
    'tool call',
    '"quoted"',
    'tab\there',
    'größe',
    '値段',
    'back\\slash',
    'session',
    'retry 3',
    '😀'
  ]
  let text = ''
  for (let left = 4 + next(24); left > 0; left--) text += `${words[next(words.length)]} `
  return text
}
