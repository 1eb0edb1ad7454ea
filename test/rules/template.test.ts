import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Template, type TemplateData } from '../../src/rules/template.ts'
import { TemplateFault } from '../../src/rules/template-tokens.ts'

const data: TemplateData = { labels: { agent_id: 'a-7', host: 'db1', load: '1234.5' }, value: 0.25 }

function rendered(text: string, about: Partial<TemplateData> = {}): string {
  return new Template(text).render({ ...data, ...about })
}

describe('templates', () => {
  test.each([
    ['', ''],
    ['no template, $value and { } or }}', 'no template, $value and { } or }}'],
    ['{{ $value }}', '0.25'],
    ['{{$labels.agent_id}} on {{ .Labels.host }}: {{.Value}}', 'a-7 on db1: 0.25'],
    ['[{{ $labels.nope }}]', '[]'],
    ['[{{ $labels.constructor }}{{ $labels.__proto__ }}]', '[]'],
    ['{{ "{{ in quotes }}" }} {{ `raw "}}"` }} {{ "a\\n\\"b\\"" }}', '{{ in quotes }} raw "}}" a\n"b"'],
    ['a {{- " b " -}} \n c', 'a b c'],
    ['a {{/* a comment, with {{ and "}}" */}}b', 'a b'],
    ['{{ -5 }} {{ 1.50 }}', '-5 1.5']
  ])('puts values into %j', (text, expected) => {
    expect(rendered(text)).toBe(expected)
  })

  test.each([
    ['{{ $value | humanizePercentage }}', '25%'],
    ['{{ humanizePercentage $value }}', '25%'],
    ['{{ $labels.load | humanize }}', '1.234k'],
    ['{{ $labels.host | humanize }}', 'db1'],
    ['{{ $labels.host | toUpper | toLower | title }}', 'Db1'],
    ['{{ title "it\'s over_here, éa" }}', "It's Over_here, Éa"],
    ['{{ printf "%.1f of %s is %v %% (%g)" $value $labels.host 7 $labels.load }}', '0.3 of db1 is 7 % (1234.5)'],
    ['{{ $value | printf "%s: %.2e" $labels.host }}', 'db1: 2.50e-01'],
    ['{{ printf "%.2f" $labels.host }}', 'db1'],
    ['{{ printf "%.99g" 0.00048828125 }}', '0.00048828125']
  ])('calls functions in %s', (text, expected) => {
    expect(rendered(text)).toBe(expected)
  })

  test('never takes values for templates', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('{{ $value }}', '}}{{', '$labels.host', '%s', '$&')
    )
    const property = fc.property(hostile, value => {
      const text = '<{{ $labels.host }}|{{ printf "%s" $labels.host }}|{{ $labels.host | printf "%v" }}>'
      expect(rendered(text, { labels: { host: value } })).toBe(`<${value}|${value}|${value}>`)
    })
    fc.assert(property)
  })

  test('are refused with a place, or can be rendered, whatever they are', () => {
    const words = [
      '{{',
      '}}',
      '-',
      ' ',
      '|',
      '$labels',
      '.x',
      '$value',
      'printf',
      'humanize',
      '"%s"',
      '`',
      '"',
      '/*',
      '*/',
      '5',
      '('
    ]
    const texts = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'grapheme', maxLength: 3 })), {
      maxLength: 12
    })
    let faults = 0
    const property = fc.property(texts, parts => {
      const text = parts.join('')
      try {
        expect(typeof rendered(text)).toBe('string')
      } catch (error) {
        if (!(error instanceof TemplateFault)) throw error
        expect(error.at).toSatisfy((at: number) => at >= 0 && at <= text.length)
        faults++
      }
    })
    fc.assert(property, { numRuns: 500 })
    expect(faults).toBeGreaterThan(0)
  })
})
