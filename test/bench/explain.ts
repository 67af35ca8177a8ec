import { writeFile } from 'node:fs/promises'
import pg from 'pg'
import type { Statement } from './bare/messages.ts'
import { SETTINGS } from './bare/pgbench.ts'
import type { HttpCase } from './case.ts'
import type { Recorded } from './run-case.ts'

const CONTROL = /^(begin|commit|rollback|savepoint)/i

/**
 * Writes how PostgreSQL does each statement of the cases, with the parameters that were recorded and the plan that the
 * service's prepared statements come to. Of what adds rows that it has left already, the plan alone is shown.
 */
export async function explainCases(url: string, recorded: Map<HttpCase, Recorded>, file: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: SETTINGS })
  await client.connect()
  const seen = new Set<string>()
  const parts: string[] = []
  for (const [{ name }, { works }] of recorded) {
    for (const [flush, statement] of works.flat().flatMap((each, nth) => each.map((one) => [nth + 1, one] as const))) {
      const title = `## ${name}, flush ${flush}: ${statement.name || statement.text}`
      const isNew = !CONTROL.test(statement.text) && !seen.has(statement.name)
      seen.add(statement.name)
      parts.push(isNew ? `${title}\n\n${await planOf(client, statement)}\n` : title)
    }
  }
  await client.end()
  await writeFile(file, `${parts.join('\n')}\n`)
}

async function planOf(client: pg.Client, { name, text, parameters }: Statement): Promise<string> {
  const values = parameters.map((value) => (value === null ? 'null' : pg.escapeLiteral(value))).join(', ')
  const call = `execute "${name}"${values === '' ? '' : `(${values})`}`
  await client.query(`prepare "${name}" as ${text}`)
  // Twice: the first time reads what it needs from the disk.
  const analysed =
    (await explain(client, 'analyze, buffers', call)) && (await explain(client, 'analyze, buffers', call))
  const plan = analysed ?? (await explain(client, 'costs', call)) ?? 'no plan'
  await client.query(`deallocate "${name}"`)
  return plan
}

/** How a statement is done, and then undone; undefined where it fails. */
async function explain(client: pg.Client, how: string, call: string): Promise<string | undefined> {
  await client.query('begin; set local plan_cache_mode = force_generic_plan')
  const found = await client.query(`explain (${how}) ${call}`).catch(() => undefined)
  await client.query('rollback')
  return found?.rows.map((row) => row['QUERY PLAN']).join('\n')
}
