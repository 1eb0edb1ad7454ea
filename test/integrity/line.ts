import { crc32 } from 'node:zlib'

/** The line with number `seq` of a file: a copy of it proves itself, whoever made it. */
export function lineOf(file: string, seq: number, payload = payloadOf(file, seq)): string {
  const message = messageOf(file, seq, payload)
  return JSON.stringify({ level: 'info', service_name: 'journal', trace_id: checkOf(message).repeat(4), message })
}

const filler = 'so many words that nobody reads '.repeat(24)

/** A line of 0.9 KB. */
export function wideLine(file: string, seq: number): string {
  return lineOf(file, seq, filler)
}

/** What a line says, as bare text. */
export function messageOf(file: string, seq: number, payload = payloadOf(file, seq)): string {
  return `${file}:${seq}:${checkOf(`${file}:${seq}:${payload}`)}:${payload}`
}

/** Which line a message is; undefined if it is none, or not whole. */
export function readMessage(message: string): { readonly file: string; readonly seq: number } | undefined {
  const match = /^([^:]+):(\d+):([0-9a-f]{8}):(.*)$/s.exec(message)
  if (match === null) return undefined
  const [, file = '', seq = '', check, payload] = match
  if (checkOf(`${file}:${seq}:${payload}`) !== check) return undefined
  return { file, seq: Number(seq) }
}

function checkOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
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

/** 20 to 220 bytes, some of them outside ASCII or escaped in JSON. */
function payloadOf(file: string, seq: number): string {
  let state = crc32(`${file}/${seq}`)
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % limit
  }
  let text = ''
  for (let left = 4 + next(24); left > 0; left--) text += `${words[next(words.length)]} `
  return `${text}.`
}
