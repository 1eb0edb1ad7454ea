/**
 * Writes journals at a steady rate, as a process of its own: `journal-main.ts FOLDER FILES BYTES_PER_SECOND ROTATE_EVERY_LINES PREFIX`.
 * When its standard input ends it stops, and prints how many lines each journal has.
 */
import { Journal, linesOf } from './journal.ts'

const [folder = '', files = '1', rate = '1000000', rotateEvery = '0', prefix = 'j'] = process.argv.slice(2)
const tickMs = 20
const linesAtATime = 20

const journals = Array.from({ length: Number(files) }, (_, file) => new Journal(folder, `${prefix}${file}`))
const began = performance.now()
let written = 0
let next = 0

const timer = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * Number(rate)
  while (written < due) {
    const journal = journals[next++ % journals.length]!
    written += journal.write(linesAtATime)
    if (Number(rotateEvery) > 0 && journal.seq % Number(rotateEvery) === 0) journal.rotate()
  }
}, tickMs)

process.stdin.resume()
process.stdin.on('end', () => {
  clearInterval(timer)
  for (const journal of journals) journal.close()
  console.log(JSON.stringify(linesOf(journals)))
})
