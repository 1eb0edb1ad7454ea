/**
 * Appends lines to files at a steady rate: `feed.ts FOLDER FILES LINES_PER_SECOND SECONDS`. Prints the number of lines at the end.
 * One write for each file and tick; a late tick makes up for what it missed.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LineMaker } from './generate.ts'

const [folder = '', files = '1', rate = '1', seconds = '1'] = process.argv.slice(2)
const fds = Array.from({ length: Number(files) }, (_, file) => openSync(join(folder, `feed-${file}.log`), 'a'))
const maker = new LineMaker('json')
const tickMs = Number(rate) >= 100 ? 20 : 1000 / Number(rate)
const began = performance.now()
let written = 0
/** At few lines a second each tick has one, and files take turns. */
let next = 0

const timer = setInterval(() => {
  const elapsed = Math.min((performance.now() - began) / 1000, Number(seconds))
  const due = Math.floor(elapsed * Number(rate))
  const share = Math.ceil((due - written) / fds.length)
  while (written < due) {
    let block = ''
    for (let line = 0; line < share && written < due; line++, written++) block += `${maker.next(Date.now())}\n`
    writeSync(fds[next++ % fds.length]!, block)
  }
  if (elapsed < Number(seconds)) return
  clearInterval(timer)
  for (const fd of fds) closeSync(fd)
  console.log(written)
}, tickMs)
