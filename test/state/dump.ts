import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

/** A database as SQL text that makes it anew, with its versions. */
export function dumpOf(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const pragma = (name: string): string => String(Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0])
    const layout = database
      .prepare(
        `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid`
      )
      .all()
    const tables = layout.filter(({ type }) => type === 'table').map(({ name }) => String(name))
    const lines = ['auto_vacuum', 'application_id', 'user_version'].map(name => `PRAGMA ${name} = ${pragma(name)};`)
    for (const { sql } of layout) lines.push(`${String(sql)};`)
    for (const table of tables) {
      for (const row of database.prepare(`SELECT * FROM ${table}`).all()) {
        lines.push(`INSERT INTO ${table} VALUES (${Object.values(row).map(literal).join(', ')});`)
      }
    }
    return `${lines.join('\n')}\n`
  } finally {
    database.close()
  }
}

function literal(value: SQLOutputValue): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}
