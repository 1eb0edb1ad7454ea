/** Ten rules as users have them, over the lines of W1. */
export const typicalRules: readonly string[] = [
  'sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [90s])) == 0',
  'sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "connection refused" [5m])) > 3',
  'sum by (agent_id) (count_over_time({service_name="mcp-agent", event="auth_failure"}[5m])) > 0',
  'avg_over_time({service_name="mcp-agent"} | unwrap cpu_percent [30s]) by (agent_id) > 75',
  'avg_over_time({service_name="gateway"} |= "finished in" | pattern "<_>finished in <ms> ms<_>" | unwrap ms [30s]) by (service_name) > 800',
  'quantile_over_time(0.99, {service_name="gateway"} | unwrap took_ms [5m]) by (service_name) > 2000',
  'sum(rate({service_name="gateway", level="error"}[1m])) / sum(rate({service_name="gateway"}[1m])) > 0.02',
  'sum by (service_name) (rate({level="error"}[1m])) > 10',
  'sum by (service_name) (count_over_time({service_name=~".+"} |~ "panic|out of memory" [5m])) > 0',
  'sum by (service_name, level) (count_over_time({level=~"warn|error"}[5m])) > 100'
]

/** The same as a rule file. */
export function ruleFile(): string {
  const rules = typicalRules.map((expr, index) => `      - { alert: Rule${index}, expr: ${JSON.stringify(expr)} }\n`)
  return `groups:\n  - name: typical\n    rules:\n${rules.join('')}`
}
