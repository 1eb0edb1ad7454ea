import { expect, test } from 'vitest'
import { faultIn } from '../../src/logql/filter.ts'

/** The caret stands under the place, where it is not the beginning. */
const broken: readonly (readonly [query: string, place: number, message: RegExp])[] = [
  ['', 0, /empty: expected \{level/],
  ['  # nothing', 2, /./],
  ['level="error"', 0, /begins with a selector in braces/],
  ['{}', 0, /at least one label/],
  ['{a="b"', 6, /"\{" has no "\}"/],
  ['{a="b"}}', 7, /Cannot read "\}"/],
  ['{a="b} |= "x"', 11, /A double quote is missing/],
  [`{a='b'}`, 3, /double quotes or backticks/],
  ['{a="b}', 3, /not closed/],
  ['{a=b}', 3, /stands in quotes: expected "b"/],
  ['{a.b="c"}', 2, /no dots/],
  ['{a="b"} |= x', 11, /stands in quotes: expected "x"/],
  ['{a="b"} | foo', 10, /Nothing is said of "foo"/],
  ['{a="b"} | decolorize x', 21, /Cannot read "x": expected a stage/],
  ['{a="b"} | a > "5"', 14, /without quotes/],
  ['{a="b"} | a =~ 5', 15, /expected "5"/],
  ['{a="b"} |', 9, /the end of the query: expected a stage/],
  ['{a="b"} | x = 5 and', 19, /expected a condition/],
  ['rate({a="b"}[5m])', 0, /computes numbers/],
  ['{a="b"} | unwrap c', 10, /expected a stage/],
  ['{a="b"} | json c="d..e"', 19, /Cannot read the path "d..e"/],
  ['{a="b"} | regexp "(x"', 18, /without its/],
  ['{a="b"} | regexp "(x)"', 18, /no named group/],
  ['{a="b"} | regexp "(?P<x>a)(?P<x>b)"', 26, /two groups with the name "x"/],
  ['{a="b"} | pattern "<_>"', 19, /takes nothing/],
  ['{a="b"} | pattern "<a><b>"', 19, /nothing between/],
  ['{a="b"} | pattern "<a> <a>"', 19, /two parts with the name "a"/],
  ['{a="b"} | line_format "{{.a | lower}}"', 23, /templates know labels/],
  ['{a="b"} | label_format c="{{.a"', 26, /has no "\}\}"/],
  ['{a="b"} |> "<_>"', 8, /"\|>" is not supported/],
  [String.raw`{a="\q"}`, 4, /escape "\\q" is unknown/],
  ['{a="b"} |~ ip("10.0.0.0/8")', 8, /ip\(\) goes with/],
  ['{a="b"} |= ip("10.0.0.300")', 15, /Cannot read "10.0.0.300"/],
  ['{a=~"x(y"}', 6, /regular expression: a "\(" without its "\)"/],
  ['{a="b"} |~ "a(?=b)"', 13, /looking ahead/],
  [`{a="b"} ${'|= "x" '.repeat(3000)}`, 0, /longer than/],
  [`${'('.repeat(300)}{a="b"}${')'.repeat(300)}`, 100, /./],
  [`{a="b"} | ${'('.repeat(300)}a="b"${')'.repeat(300)}`, 111, /nested more than/]
]

test.each(broken)('a mistake has a place and a reason: %s', (query, place, message) => {
  const fault = faultIn(query)
  expect(fault?.message).toMatch(message)
  expect(fault?.at).toBe(place)
})

test.each([
  '{a="b"}',
  ' ( ( {a="b"} |= "x" ) ) ',
  '{a="b", c!="d", e=~"f", g!~`h`}',
  '{a!="b"} |= "x" or `y` != "z" |~ "v" !~ "w" # what this is for',
  '{a="b"} | c="d" | e=5 | f==5.5, g>-1 and h>=1h30m or (i<10KB) | j!=1e3 | k<=0x10',
  '{a="b"} | json | json c="d[0].e", f | logfmt --strict --keep-empty g="h" | unpack | decolorize',
  '{a="b"} | pattern `<a> <_> <b>` | regexp "(?P<c>.*)" | drop d, e="f" | keep g, h!~"i"',
  '{a="b"} | line_format "{{.a}} {{ .b }}: {{__line__}}" | label_format c=d, e="{{.f}}" | c > 5',
  '{a="b"} | c=ip("::1") | d!=ip("10.0.0.1-10.0.0.9") |= ip("10.0.0.0/8") | __error__=""'
])('a query that can be used: %s', query => {
  expect(faultIn(query)).toBeUndefined()
})
