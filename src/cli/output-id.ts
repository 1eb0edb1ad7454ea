const implied = 'default/'

/** Outputs are known as `pipeline/name`; people leave the pipeline out where there is just one. */
export function outputId(name: string): string {
  return name.includes('/') ? name : implied + name
}

/** The other way round, for tables. */
export function outputName(id: string): string {
  return id.startsWith(implied) ? id.slice(implied.length) : id
}
