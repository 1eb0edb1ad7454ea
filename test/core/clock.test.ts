import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const clock = new URL('../../src/core/clock.ts', import.meta.url).href

test('after 0 ms something runs at once, also where nothing else happens', () => {
  // the timer keeps the process alive, and would wake it after five seconds
  const script = `
    import { systemClock } from ${JSON.stringify(clock)}
    const timer = setTimeout(() => {}, 5000)
    setTimeout(() => {
      const began = performance.now()
      systemClock.after(0, () => {
        console.log(performance.now() - began)
        clearTimeout(timer)
      })
    }, 100)`
  const waited = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  expect(Number(waited)).toBeLessThan(3000)
})
