/** Every metric of the program. Names: `collector_<room>_<noun>_<unit>_total`, as Prometheus wants them. Docs, `/metrics`
 * and the test of the dashboards come from this table. At every scrape, for each output: `read_rows + derived_rows = rows of all ends +
 * lost_rows of all reasons + output_pending_rows`; they count from the start of the process, the ledger from that of the state. */
export const metrics = {
  collector_input_read_bytes_total: { type: 'counter', help: 'Bytes read from sources', labels: ['input'] },
  collector_input_rows_total: { type: 'counter', help: 'Rows framed', labels: ['input'] },
  collector_input_truncated_rows_total: { type: 'counter', help: 'Rows cut at max_line_bytes', labels: ['input'] },
  collector_input_split_groups_total: {
    type: 'counter',
    help: 'Groups of lines cut at a limit of multiline',
    labels: ['input']
  },
  collector_input_nul_bytes_total: { type: 'counter', help: 'NUL bytes skipped in runs', labels: ['input'] },
  collector_input_errors_total: { type: 'counter', help: 'Failed opens, reads and scans', labels: ['input', 'reason'] },
  collector_input_sources: { type: 'gauge', help: 'Sources followed', labels: ['input'] },
  collector_input_stalled: {
    type: 'gauge',
    help: '1 while a system call of the thread that reads it does not return (CollectorInputStalled)',
    labels: ['input']
  },
  collector_input_lag_bytes: {
    type: 'gauge',
    help: 'Bytes behind the end of the sources',
    labels: ['input', 'output']
  },
  collector_parse_errors_total: {
    type: 'counter',
    help: 'Rows the parser did not understand',
    labels: ['input', 'reason']
  },
  collector_step_keys: { type: 'gauge', help: 'Keys that a step remembers', labels: ['pipeline', 'step'] },
  collector_step_keyless_rows_total: {
    type: 'counter',
    help: 'Rows whose key a step had no room for',
    labels: ['pipeline', 'step']
  },
  collector_step_failed_rows_total: {
    type: 'counter',
    help: 'Rows whose value a step could not use',
    labels: ['pipeline', 'step']
  },
  collector_read_rows_total: { type: 'counter', help: 'Rows read for an output', labels: ['output'] },
  collector_derived_rows_total: { type: 'counter', help: 'Rows made from others for an output', labels: ['output'] },
  collector_rows_total: { type: 'counter', help: 'Rows by how they ended', labels: ['output', 'end'] },
  collector_lost_rows_total: { type: 'counter', help: 'Rows lost', labels: ['output', 'reason'] },
  collector_lost_bytes_total: { type: 'counter', help: 'Bytes lost', labels: ['output', 'reason'] },
  collector_output_requests_total: { type: 'counter', help: 'Requests by outcome', labels: ['output', 'outcome'] },
  collector_output_sent_bytes_total: { type: 'counter', help: 'Bytes of requests, as sent', labels: ['output'] },
  collector_output_retried_rows_total: { type: 'counter', help: 'Rows sent again', labels: ['output'] },
  collector_output_id_collisions_total: { type: 'counter', help: 'Rows sent under a second id', labels: ['output'] },
  collector_output_possibly_twice_total: { type: 'counter', help: 'Rows that may stand twice', labels: ['output'] },
  collector_output_set_aside_total: {
    type: 'counter',
    help: 'Rows in the failure store of the server',
    labels: ['output']
  },
  collector_output_rejected_rows_total: {
    type: 'counter',
    help: 'Rows that the server says it did not take, without saying which',
    labels: ['output']
  },
  collector_output_in_flight_bytes: { type: 'gauge', help: 'Bytes of requests not answered', labels: ['output'] },
  collector_output_in_flight_requests: { type: 'gauge', help: 'Requests not answered', labels: ['output'] },
  collector_output_concurrency: { type: 'gauge', help: 'Requests allowed at a time', labels: ['output'] },
  collector_output_paused: {
    type: 'gauge',
    help: '1 while the output is paused',
    labels: ['output', 'reason'],
    isWorst: true
  },
  collector_output_backlog_bytes: { type: 'gauge', help: 'Bytes of sources not settled', labels: ['output'] },
  collector_output_backlog_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest row that is read and not settled, by its own time',
    labels: ['output'],
    isWorst: true
  },
  collector_output_backlog_left_seconds: {
    type: 'gauge',
    help: 'Time until the backlog is settled at its present pace; absent while it does not shrink',
    labels: ['output'],
    isWorst: true
  },
  collector_output_pending_rows: { type: 'gauge', help: 'Rows read that have not ended', labels: ['output'] },
  collector_agent_up: {
    type: 'gauge',
    help: '1 for an agent that is connected, late or idle, 0 for one that is offline; absent: it has left',
    labels: ['agent_id', 'service_name', 'host']
  },
  collector_agent_last_seen_timestamp_seconds: {
    type: 'gauge',
    help: "Unix time of an agent's last row, by its own clock",
    labels: ['agent_id', 'service_name', 'host']
  },
  collector_agent_last_heartbeat_timestamp_seconds: {
    type: 'gauge',
    help: "Unix time of an agent's last heartbeat, by its own clock",
    labels: ['agent_id', 'service_name', 'host']
  },
  collector_agents: {
    type: 'gauge',
    help: 'Agents by state, also those without series of their own',
    labels: ['state']
  },
  collector_agents_refused_total: {
    type: 'counter',
    help: 'Sightings of agents beyond max_agents, or with ids that are too long; at most one a row',
    labels: []
  },
  collector_state_commits_total: { type: 'counter', help: 'Transactions of state.db', labels: ['outcome'] },
  collector_state_dead_letters: { type: 'gauge', help: 'Dead letters stored', labels: ['output'] },
  collector_state_dead_letter_bytes: { type: 'gauge', help: 'Bytes of dead letters', labels: ['output'] },
  collector_state_dead_letters_expired_total: {
    type: 'counter',
    help: 'Dead letters removed at max_age',
    labels: ['output']
  },
  collector_state_degraded: { type: 'gauge', help: '1 while the state directory can not be written', labels: [] },
  collector_spool_bytes: { type: 'gauge', help: 'Bytes on disk of what is kept of deleted files', labels: [] },
  collector_spool_limit_bytes: { type: 'gauge', help: 'The most bytes that may be kept', labels: [] },
  collector_spool_segments: { type: 'gauge', help: 'Files of the spool', labels: [] },
  collector_spool_damaged_blocks_total: { type: 'counter', help: 'Blocks that could not be read', labels: [] },
  collector_spool_evicted_bytes_total: {
    type: 'counter',
    help: 'Bytes of deleted files that there was no room for',
    labels: ['input']
  },
  collector_shard_turn_seconds_total: {
    type: 'counter',
    help: 'Time spent in turns of the read loop',
    labels: ['shard']
  },
  collector_rules_sent_alerts_total: { type: 'counter', help: 'Alerts told to a receiver', labels: ['notifier'] },
  collector_rules_dropped_alerts_total: {
    type: 'counter',
    help: 'Alerts that a receiver was never told: it refused them, or too many waited',
    labels: ['notifier']
  },
  collector_rules_waiting_alerts: {
    type: 'gauge',
    help: 'Alerts that a receiver is not told yet',
    labels: ['notifier']
  },
  collector_rules_written_samples_total: {
    type: 'counter',
    help: 'Samples of alerts and recorded series that a receiver of remote write took',
    labels: ['notifier']
  },
  collector_rules_dropped_samples_total: {
    type: 'counter',
    help: 'Samples that were never written: they were refused, or too many waited',
    labels: ['notifier']
  },
  collector_rules_waiting_samples: { type: 'gauge', help: 'Samples that are not written yet', labels: ['notifier'] },
  collector_rules_notify_requests_total: {
    type: 'counter',
    help: 'Requests to receivers of alerts by outcome: ok, failed',
    labels: ['notifier', 'outcome']
  },
  collector_rules_notify_seconds_total: {
    type: 'counter',
    help: 'Time that requests to receivers of alerts have taken',
    labels: ['notifier']
  },
  collector_alerts: { type: 'gauge', help: 'Alerts that are pending or fire', labels: ['alertname', 'alertstate'] },
  collector_rules_evaluations_total: { type: 'counter', help: 'Evaluations of rules', labels: ['rule_group'] },
  collector_rules_evaluation_failures_total: {
    type: 'counter',
    help: 'Evaluations of rules that gave an error',
    labels: ['rule_group']
  },
  collector_rules_evaluation_seconds_total: {
    type: 'counter',
    help: 'Time spent in evaluations of rules',
    labels: ['rule_group']
  },
  collector_rules_missed_evaluations_total: {
    type: 'counter',
    help: 'Evaluations of a group that were left out, since the one before took too long',
    labels: ['rule_group']
  },
  collector_rules_waiting: {
    type: 'gauge',
    help: 'Rules that were not evaluated at last: reading was behind, or they have not seen a whole window yet',
    labels: ['rule_group']
  },
  collector_rules_lag_seconds: {
    type: 'gauge',
    help: 'For how long what is there may not have been seen by rules: those wait that it could prove wrong',
    labels: ['input'],
    isWorst: true
  },
  collector_rules_left_out_rows_total: {
    type: 'counter',
    help: 'Rows that rules select and that are in no number: late, failed (of stages or values), refused (too many series)',
    labels: ['rule_group', 'reason']
  },
  collector_tail_listeners: { type: 'gauge', help: 'Who looks at rows as they are read', labels: [] },
  collector_tail_rows_total: {
    type: 'counter',
    help: 'Rows shown to those who look at them as they are read',
    labels: []
  },
  collector_tail_left_out_rows_total: {
    type: 'counter',
    help: 'Rows not shown to who had chosen them, as they came faster than they were taken',
    labels: []
  },
  collector_reloads_total: {
    type: 'counter',
    help: 'Reloads of the configuration by result: changed, unchanged, refused, failed',
    labels: ['result']
  },
  collector_config_last_reload_successful: {
    type: 'gauge',
    help: '1 unless the last reload was refused or failed',
    labels: []
  },
  collector_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time of the last load of a configuration that was taken over',
    labels: []
  },
  collector_build_info: {
    type: 'gauge',
    help: '1, with version and Node.js version as labels',
    labels: ['version', 'node']
  }
} as const satisfies Record<string, MetricDefinition>

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  /** Of several threads the highest number counts; left out: their sum. */
  readonly isWorst?: true
}
export type MetricName = keyof typeof metrics
/** The metrics of steps. */
export type StepMetric = {
  [N in MetricName]: (typeof metrics)[N]['labels'] extends readonly ['pipeline', 'step'] ? N : never
}[MetricName]

/** One number of a metric, with its label values in the order of the table. */
export interface Sample {
  readonly name: MetricName
  readonly labels: readonly string[]
  value: number
}

/** Whether sums over time are made of it: those must not drop. Pending rows are a part of the account of what was read. */
export function isAccount(name: MetricName): boolean {
  return metrics[name].type === 'counter' || name === 'collector_output_pending_rows'
}

/**
 * Plain numbers, kept where they are counted and read when somebody scrapes. `of` returns the object to count on: take it once,
 * in `create` or `start`, never per row.
 */
export class Meter {
  readonly #samples = new Map<string, Sample>()

  of(name: MetricName, ...labels: string[]): Sample {
    const key = `${name}\u0000${labels.join('\u0000')}`
    let sample = this.#samples.get(key)
    if (sample === undefined) this.#samples.set(key, (sample = { name, labels, value: 0 }))
    return sample
  }

  /** What a label names is gone: its numbers are no longer told. Whoever counts on them still counts for nobody. */
  forget(label: 'input' | 'output' | 'rule_group' | 'alertname' | 'notifier', value: string): void {
    for (const [key, { name, labels }] of this.#samples) {
      const index = (metrics[name].labels as readonly string[]).indexOf(label)
      if (index >= 0 && labels[index] === value) this.#samples.delete(key)
    }
  }

  /** What a label names is gone here, and may go on elsewhere: what was counted stays, how it stood is no longer told. */
  rest(label: 'input' | 'output', value: string): void {
    for (const [key, { name, labels }] of this.#samples) {
      const index = (metrics[name].labels as readonly string[]).indexOf(label)
      if (index >= 0 && labels[index] === value && !isAccount(name)) this.#samples.delete(key)
    }
  }

  /** All samples as they stand. */
  samples(): Sample[] {
    return [...this.#samples.values()]
  }
}
