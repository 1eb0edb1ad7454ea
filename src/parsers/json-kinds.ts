/** Libraries whose JSON is known by its keys: all of `has`. The first that fits counts. `normalize` finds time, level and
 * message of each without being told. */
const kinds: readonly { readonly name: string; readonly has: readonly string[] }[] = [
  { name: 'ECS', has: ['@timestamp', 'ecs.version'] },
  { name: 'Bunyan', has: ['v', 'level', 'name', 'hostname', 'pid', 'time', 'msg'] },
  { name: 'Pino', has: ['level', 'time', 'pid', 'hostname'] },
  { name: 'Serilog', has: ['@t'] },
  { name: 'Logstash', has: ['@timestamp', '@version', 'message'] },
  { name: 'zap', has: ['level', 'ts', 'msg'] },
  { name: 'zerolog', has: ['level', 'time', 'message'] },
  { name: 'logrus or slog', has: ['level', 'time', 'msg'] },
  { name: 'Winston', has: ['level', 'message'] }
]

/** What writes JSON with these keys, as far as it is known. */
export function jsonKindOf(keys: ReadonlySet<string>): string | undefined {
  return kinds.find(({ has }) => has.every(key => keys.has(key)))?.name
}
