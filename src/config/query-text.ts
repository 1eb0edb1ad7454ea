/** The page of the reference about queries: what they can say, and of what. */
export const queryLines: readonly string[] = [
  'Which labels there are, for the selector in braces and for conditions behind it:',
  '    service_name, level, trace_id, span_id, agent_id: as normalize has found them',
  '    container, pod, namespace, host, file, and all fields of "resource": of where a row comes from',
  '    the fields of the row, with "_" for what is no letter or digit: user.id is user_id',
  '',
  'A selector names at least one label; all that it names must hold:',
  '    {level="error"}   {level!="debug"}   {service_name=~"auth|billing"}   {file!~".*/old/.*"}',
  'Lines, one behind the other; a row must pass all of them:',
  '    |= "text"   != "text"   |~ "regular expression"   !~ "(?i)in any case"   |= "one" or "another"',
  '    |= ip("10.0.0.0/8")',
  'Conditions on labels, with "and", "or" and parentheses:',
  '    | status >= 500   | took > 1.5s   | size < 10MiB   | user_id="7"   | path=~"/api/.*"   | addr=ip("::1")',
  'Labels out of the line, where the parser of the input has not found them, and what becomes of labels:',
  '    | json   | json name="a.b[0]"   | logfmt   | pattern "<ip> - <_> <path> "   | regexp "(?P<path>/\\\\S*)"',
  '    | unpack   | label_format new=old   | line_format "{{.method}} {{__line__}}"   | drop a   | keep a   | decolorize',
  '',
  'Regular expressions are those of RE2, without looking ahead or behind; for labels they must match the whole of a value.',
  'A value that is no number passes conditions on numbers, with the label __error__; __error__="" leaves it out.',
  'In YAML, put a query in single quotes.'
].map(line => (line === '' ? '' : `  ${line}`))
