import { defineProcessor } from '../../config/define.ts'
import { TimeScanner } from '../../scan/time.ts'
import { timeOptions } from './time-options.ts'
import { builtIn, Candidates } from './candidates.ts'
import { Normalizer } from './normalizer.ts'

const about = (what: string, names: readonly string[]) =>
  `Keys to look for the ${what} in, before ${names.join(', ')}; members of objects that the parser takes apart by dots.`

/** Finds time, level, service, trace, span, agent and message of each row, whatever the program calls them. */
export const normalize = defineProcessor({
  name: 'normalize',
  summary: 'Finds time, level, service, trace, span, agent and message of each row. It is implied and comes first.',
  options: types => {
    const names = (what: string, known: readonly string[]) =>
      types.list(about(what, known), types.text('Key of the row.')).default([])
    return {
      ...timeOptions(types, ', also at the start of lines of text'),
      service: types.text('Service of rows that name none, where their input has none either.').default(''),
      candidates: types
        .group('Further names of the fields that each row has.', {
          time: names('time', builtIn.time),
          level: names('level', builtIn.level),
          service: names('service', builtIn.service),
          trace: names('trace id', builtIn.trace),
          span: names('span id', builtIn.span),
          agent: names('agent id', builtIn.agent),
          body: names('message', builtIn.body)
        })
        .prefault({})
    }
  },
  examples: [
    {
      title: 'A row of pino',
      config: '{}',
      input: '{"level":50,"time":1795341600123,"service":"billing","msg":"refused","user_id":7}',
      output: {
        time: '2026-11-22T10:00:00.123Z',
        level: 'error',
        service_name: 'billing',
        body: 'refused',
        'user.id': 7
      }
    },
    {
      title: 'Names of its own',
      config: 'candidates: { time: [when], trace: [request_id] }',
      input: '{"when":"2026-11-22 10:00:00,5","request_id":"4BF92F3577B34DA6A3CE929D0E0E4736","msg":"ready"}',
      output: { time: '2026-11-22T10:00:00.500Z', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', body: 'ready' }
    },
    {
      title: 'Text',
      config: 'zone: Europe/Berlin',
      input: '2026-11-22 10:00:00.123 [main] WARN  pool is full',
      output: {
        time: '2026-11-22T09:00:00.123Z',
        level: 'warn',
        body: '2026-11-22 10:00:00.123 [main] WARN  pool is full'
      }
    },
    {
      title: 'A form of time of its own',
      config: 'time_formats: ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S,%f"]\nzone: Europe/Berlin',
      input: '22.11.2026 10:00:00 WARN pool is full',
      output: { time: '2026-11-22T09:00:00.000Z', level: 'warn', body: '22.11.2026 10:00:00 WARN pool is full' }
    }
  ],
  create({ zone, timeFormats, service, candidates }, { keys }) {
    return new Normalizer(new Candidates(keys, candidates), new TimeScanner(zone, timeFormats), service)
  }
})
