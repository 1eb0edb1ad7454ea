/** A test as JUnit's XML has it. */
export interface JunitCase {
  readonly name: string
  readonly seconds: number
  /** Empty: it passed. */
  readonly failures: readonly { readonly message: string; readonly text: string }[]
}

export interface JunitSuite {
  readonly name: string
  readonly cases: readonly JunitCase[]
}

/** The form that CI servers read. */
export function junitOf(suites: readonly JunitSuite[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteText).join('')}</testsuites>\n`
}

function suiteText({ name, cases }: JunitSuite): string {
  const failed = cases.filter(({ failures }) => failures.length > 0).length
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0).toFixed(3)
  const counts = `tests="${cases.length}" failures="${failed}" errors="0" time="${seconds}"`
  const texts = cases.map(one => caseText(name, one)).join('')
  return `  <testsuite name="${escaped(name)}" ${counts}>\n${texts}  </testsuite>\n`
}

function caseText(suite: string, { name, seconds, failures }: JunitCase): string {
  const head = `    <testcase name="${escaped(name)}" classname="${escaped(suite)}" time="${seconds.toFixed(3)}"`
  if (failures.length === 0) return `${head}/>\n`
  const texts = failures.map(({ message, text }) => {
    return `      <failure message="${escaped(message)}">${escaped(text)}</failure>\n`
  })
  return `${head}>\n${texts.join('')}    </testcase>\n`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;'
}

/** Characters that XML can not have at all become `\ufffd`. */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const valid = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  return valid.replaceAll(/[&<>"\n]/g, char => entities[char]!)
}
