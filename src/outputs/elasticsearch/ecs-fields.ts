import { Kind } from '../../core/row.ts'

/** How a field of the Elastic Common Schema is mapped. */
export type EcsType = 'keyword' | 'list' | 'text' | 'long' | 'double' | 'ip' | 'date' | 'boolean'

const anyText = (1 << Kind.text) | (1 << Kind.plain) | (1 << Kind.jsonText)
const number = 1 << Kind.number
const boolean = 1 << Kind.boolean

/** Kinds of values that a field of this type can always hold, as bits `1 << kind`. What does not fit goes under `attributes`. */
const fittingKinds: Readonly<Record<EcsType, number>> = {
  keyword: anyText | number | boolean,
  list: anyText | number | boolean | (1 << Kind.json),
  text: anyText | number | boolean,
  long: number,
  double: number,
  ip: anyText,
  date: anyText,
  boolean
}

const byType: Readonly<Record<EcsType, string>> = {
  keyword: `agent.ephemeral_id agent.name agent.role agent.type agent.version
    client.address client.domain client.user.id client.user.name
    cloud.account.id cloud.availability_zone cloud.instance.id cloud.instance.name cloud.machine.type cloud.project.id
    cloud.provider cloud.region
    container.id container.image.name container.image.tag container.name container.runtime
    destination.address destination.domain dns.question.name dns.question.type dns.response_code
    error.code error.id error.type
    event.action event.code event.dataset event.hash event.id event.kind event.module event.outcome event.provider
    event.reason event.timezone
    file.directory file.extension file.hash.sha256 file.name file.path
    host.architecture host.hostname host.id host.type host.os.name host.os.version
    http.request.id http.request.method http.request.mime_type http.request.referrer http.response.mime_type http.version
    kubernetes.container.name kubernetes.namespace kubernetes.node.name kubernetes.pod.name kubernetes.pod.uid
    log.iostream log.logger log.origin.file.name log.origin.function
    log.syslog.appname log.syslog.facility.name log.syslog.hostname log.syslog.msgid log.syslog.procid
    log.syslog.severity.name
    network.application network.direction network.protocol network.transport network.type
    orchestrator.cluster.name orchestrator.namespace orchestrator.type organization.id organization.name
    process.command_line process.entity_id process.executable process.name process.parent.name process.thread.name
    process.title process.working_directory
    rule.category rule.id rule.name rule.uuid server.address server.domain
    service.environment service.ephemeral_id service.id service.node.name service.state service.type service.version
    source.address source.domain source.user.id source.user.name tls.cipher tls.version tls.version_protocol
    transaction.id url.domain url.extension url.fragment url.full url.original url.password url.path url.query
    url.scheme url.username user.domain user.email user.full_name user.hash user.id user.name
    user_agent.device.name user_agent.name user_agent.original user_agent.os.name user_agent.version`,
  list: `event.category event.type related.hash related.hosts related.user tags user.roles`,
  text: `error.message error.stack_trace event.original`,
  long: `client.bytes client.packets client.port destination.bytes destination.packets destination.port
    event.duration event.sequence event.severity file.size
    http.request.body.bytes http.request.bytes http.response.body.bytes http.response.bytes http.response.status_code
    log.origin.file.line log.syslog.facility.code log.syslog.priority log.syslog.severity.code
    network.bytes network.packets process.exit_code process.parent.pid process.pid process.ppid process.thread.id
    process.uptime server.bytes server.packets server.port source.bytes source.packets source.port url.port`,
  double: `event.risk_score event.risk_score_norm`,
  ip: `client.ip destination.ip server.ip source.ip`,
  date: `event.created event.end event.ingested event.start process.start`,
  boolean: `tls.established tls.resumed`
}

/** Fields that stay where they are when a row brings them, with their type. */
export const ecsFields: ReadonlyMap<string, EcsType> = new Map(
  (Object.keys(byType) as EcsType[]).flatMap(type => byType[type].split(/\s+/).map(name => [name, type] as const))
)

/** Bits `1 << kind`: with these kinds of values a field of this name may stand at the top of a document. */
export function topKinds(name: string): number {
  const type = ecsFields.get(name)
  return type === undefined ? 0 : fittingKinds[type]
}
