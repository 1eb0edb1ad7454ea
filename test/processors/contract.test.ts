import { components } from '../../src/components.ts'
import { testProcessor } from '../contract/processor.ts'

for (const load of Object.values(components.processors)) testProcessor(await load())
