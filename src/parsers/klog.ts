import { defineParser } from '../config/define.ts'
import { type Layout, layoutParser } from './layout.ts'

/** `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg`, where glog since 0.7 has a year: https://pkg.go.dev/k8s.io/klog/v2 */
const head = String.raw`^(?<time>(?<level>[IWEFD])\d{4}(?:\d{4})? \d\d:\d\d:\d\d\.\d+) +(?<tid>\d+) (?<file>[^:\]]+):(?<line>\d+)\] `

const layouts: readonly Layout[] = [
  // structured: a message in quotes, then pairs
  { pattern: String.raw`${head}"(?<message>[^"\\]*)"(?: (?<rest>[^ =]+=.*))?$` },
  { pattern: `${head}(?<message>.*)$` }
]

/** Reads the lines of klog and glog, as Kubernetes writes them. */
export const klog = defineParser({
  name: 'klog',
  summary: 'Reads lines of klog and glog, as programs of Kubernetes write them.',
  options: () => ({}),
  examples: [
    {
      title: 'A message',
      config: '{}',
      input: 'W1122 10:00:00.123456       1 reflector.go:424] failed to list *v1.Pod',
      output: {
        time: 'W1122 10:00:00.123456',
        level: 'W',
        'process.thread.id': 1,
        'log.origin.file.name': 'reflector.go',
        'log.origin.file.line': 424,
        message: 'failed to list *v1.Pod'
      }
    },
    {
      title: 'With pairs, which stay together',
      config: '{}',
      input: 'I1122 10:00:00.123456 7 pod.go:9] "Pod status updated" pod="kube-system/dns" status="ready"',
      output: {
        time: 'I1122 10:00:00.123456',
        level: 'I',
        'process.thread.id': 7,
        'log.origin.file.name': 'pod.go',
        'log.origin.file.line': 9,
        message: 'Pod status updated',
        rest: 'pod="kube-system/dns" status="ready"'
      }
    },
    {
      title: 'Another line stays text',
      config: '{}',
      input: 'goroutine 1 [running]:',
      output: { 'error.type': 'klog' }
    }
  ],
  create: (_options, { keys }) => layoutParser('klog', layouts, keys)
})
