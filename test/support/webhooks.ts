import { createServer } from 'node:http'
import type { Test } from 'tap'
import { LANES } from '../../src/db/job-queue.ts'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { scopes } from '../../src/http/scopes.ts'
import { guardFor } from '../../src/http/targets/guard.ts'
import { openBoss } from '../../src/jobs/boss.ts'
import { startWebhooks } from '../../src/jobs/webhooks.ts'
import { clientToken } from './client-rows.ts'
import { listenForGood } from './lasting-port.ts'
import type { Service } from './service.ts'
import { until } from './until.ts'
import { must } from './world.ts'

/** Lets a service deliver to this machine. */
export const TO_THIS_MACHINE = { WEBHOOK_ALLOWED_NETWORKS: ['127.0.0.0/8'] }

/** A message as it came. */
export interface Received {
  headers: Record<string, string>
  body: string
  /** The body, read. */
  event: { id: string; type: string; at: string; data: Record<string, unknown> }
}

/** A receiver on this machine. */
export interface Receiver {
  url: string
  received: Received[]
  /** The status that it answers with, 204 unless said; it may take its time. */
  answer: (message: Received) => number | Promise<number>
}

/** Listens for messages until the test ends. */
export async function makeReceiver(t: Pick<Test, 'teardown'>): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], answer: () => 204 }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const message = { headers: request.headers as Record<string, string>, body, event: JSON.parse(body) }
    receiver.received.push(message)
    response.writeHead(await receiver.answer(message), { location: 'http://127.0.0.1/' }).end()
  })
  const port = await listenForGood(server)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  receiver.url = `http://127.0.0.1:${port}/hooks`
  return receiver
}

/** A client with every scope but those that rule, known to the service at once, and its token. */
export async function makeClient(
  service: Pick<Service, 'call' | 'key' | 'token'>,
  {
    role,
    finess = [],
    territories = [],
  }: { role: 'pharmacy' | 'regulator'; finess?: string[]; territories?: string[] },
) {
  const { call, key } = service
  const admin = await service.token({ role: 'admin', subject: 'admin' })
  const granted = scopes.filter((scope) => scope.endsWith(':read'))
  const body = { name: 'A machine', role, scopes: granted, territories }
  const { id } = must(201, await call('POST', '/v1/clients', { token: admin, body })).body as { id: string }
  const pharmacies = { pharmacies: finess }
  if (finess.length > 0) must(200, await call('POST', `/v1/clients/${id}/grants`, { token: admin, body: pharmacies }))
  return { id, token: await clientToken(key, id, granted) }
}

/** An endpoint of a client's, as made over the API. */
export async function makeEndpoint(
  { call }: Pick<Service, 'call'>,
  token: string,
  body: { url: string } & Record<string, unknown>,
) {
  const whole = { types: [], pharmacies: 'all_granted', signing: 'v1', ...body }
  return must(201, await call('POST', '/v1/webhook-endpoints', { token, body: whole })).body as {
    id: string
    secret?: string
    publicKey: string | null
  }
}

/** Delivers for the length of a test, and returns what went wrong. */
export async function startDelivering(
  t: Pick<Test, 'teardown'>,
  { db, config, webhookKeys }: Pick<Service, 'db' | 'config' | 'webhookKeys'>,
): Promise<Error[]> {
  const errors: Error[] = []
  const running = await startWebhooks({
    ...{ db, guard: guardFor(config), keys: webhookKeys, timeoutMs: config.WEBHOOK_TIMEOUT_SECONDS * 1_000 },
    lookMs: 20,
    onError: (error) => errors.push(error),
    report: () => {},
  })
  t.teardown(() => running.stop())
  return errors
}

/** Lets the time pass until the next attempts are due. */
export async function letAttemptsBeDue(db: Service['db']): Promise<void> {
  await rows(
    db,
    'let_attempts_be_due',
    sql`update pgboss.job set start_after = now() where name = 'deliver-webhooks' and state in ('created', 'retry')`,
  )
}

/** Makes every failed attempt due again at once from now on, so that no test waits for the production's back-off. */
export async function dropBackOff(db: Service['db']): Promise<void> {
  const boss = openBoss(db, { supervise: false, schedule: false })
  await boss.start()
  await boss.updateQueue(LANES, { retryDelay: 0, retryBackoff: false })
  await boss.stop({ graceful: false })
}

/** Lets the time pass after which work counts as abandoned, as a process that was killed leaves it. */
export async function letWorkTimeOut(db: Service['db']): Promise<void> {
  await until('the killed process’s last statements did not end', async () => {
    const running = sql`select from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and state <> 'idle'
        and pid <> pg_backend_pid()`
    return (await rows(db, 'statements_running', running)).length === 0
  })
  await rows(
    db,
    'let_work_time_out',
    sql`update pgboss.job set started_on = started_on - interval '1 hour' where name = 'deliver-webhooks' and state = 'active'`,
  )
  // The process that was killed may have looked only just now: it counts for the whole interval otherwise.
  await rows(
    db,
    'let_queue_be_looked_at',
    sql`update pgboss.queue set monitor_on = null, monitor_claim_on = null where name = 'deliver-webhooks'`,
  )
  const boss = openBoss(db, { supervise: false, schedule: false })
  await boss.start()
  await boss.supervise(LANES)
  await boss.stop({ graceful: false })
}
