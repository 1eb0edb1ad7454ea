import { describe, expect, test } from 'vitest'
import { exponential, fixed, general } from '../../src/rules/numbers.ts'
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from '../../src/rules/numbers.ts'

const humane = { humanize, humanize1024, humanizeDuration, humanizePercentage }

describe('numbers in templates', () => {
  /* Written by Go: `%v|%.4g|%.0f|%.2f|%e|%.3e`. */
  const written = `
    0|0|0|0.00|0.000000e+00|0.000e+00
    1|1|1|1.00|1.000000e+00|1.000e+00
    -1|-1|-1|-1.00|-1.000000e+00|-1.000e+00
    12|12|12|12.00|1.200000e+01|1.200e+01
    100|100|100|100.00|1.000000e+02|1.000e+02
    1000|1000|1000|1000.00|1.000000e+03|1.000e+03
    123456|1.235e+05|123456|123456.00|1.234560e+05|1.235e+05
    1.234567e+06|1.235e+06|1234567|1234567.00|1.234567e+06|1.235e+06
    1e+20|1e+20|100000000000000000000|100000000000000000000.00|1.000000e+20|1.000e+20
    1.5e+21|1.5e+21|1500000000000000000000|1500000000000000000000.00|1.500000e+21|1.500e+21
    0.0001|0.0001|0|0.00|1.000000e-04|1.000e-04
    1e-05|1e-05|0|0.00|1.000000e-05|1.000e-05
    1.25e-07|1.25e-07|0|0.00|1.250000e-07|1.250e-07
    98.765432|98.77|99|98.77|9.876543e+01|9.877e+01
    99999|1e+05|99999|99999.00|9.999900e+04|1.000e+05
    9999.5|1e+04|10000|9999.50|9.999500e+03|1.000e+04
    1234.5678|1235|1235|1234.57|1.234568e+03|1.235e+03
    -2.5e+10|-2.5e+10|-25000000000|-25000000000.00|-2.500000e+10|-2.500e+10`
  test.each(written.trim().split(/\s+/))('are written as Go does: %s', line => {
    const value = Number(line.split('|', 1)[0])
    const ours = [general(value), general(value, 4), fixed(value, 0), fixed(value, 2)]
    expect([...ours, exponential(value, 6), exponential(value, 3)].join('|')).toBe(line)
  })

  test('may be infinite, or none', () => {
    const all = [general, humanize, humanize1024, humanizeDuration]
    const write = [...all, (value: number) => fixed(value, 2), (value: number) => exponential(value, 2)]
    for (const one of write) expect([Infinity, -Infinity, Number.NaN].map(one)).toEqual(['+Inf', '-Inf', 'NaN'])
    expect([Infinity, Number.NaN].map(humanizePercentage)).toEqual(['+Inf%', 'NaN%'])
  })

  test.each([
    ['humanize', { 0: '0', 1: '1', 999: '999', 1234567: '1.235M', 0.12: '120m', '-4500': '-4.5k', 1e30: '1e+06Y' }],
    ['humanize', { 0.00001: '10u', '-0.5': '-500m', 1e-30: '1e-06y' }],
    ['humanize1024', { 0: '0', 1: '1', 0.12: '0.12', 1023: '1023', 1048576: '1Mi', '-2048': '-2ki' }],
    ['humanizePercentage', { '-0.22222': '-22.22%', 0: '0%', 0.1234567: '12.35%', 1.23456: '123.5%' }],
    ['humanizeDuration', { 0: '0s', 1: '1s', 59.5: '59.5s', 60: '1m 0s', 3600: '1h 0m 0s', 86400: '1d 0h 0m 0s' }],
    ['humanizeDuration', { 93784: '1d 2h 3m 4s', '-183845': '-2d 3h 4m 5s', 3599.9: '59m 59s', '-5.5': '-5.5s' }],
    ['humanizeDuration', { 0.1: '100ms', 0.0001: '100us', 0.12345: '123.5ms' }]
  ] as const)('%s writes %o', (name, expected) => {
    const ours = Object.keys(expected).map(value => [value, humane[name](Number(value))])
    expect(Object.fromEntries(ours)).toEqual(expected)
  })
})
