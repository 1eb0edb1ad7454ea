import { components } from '../../src/components.ts'
import { testParser } from '../contract/parser.ts'

for (const load of Object.values(components.parsers)) testParser(await load())
