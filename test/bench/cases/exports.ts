import { percentile } from '../measure.ts'
import { serveRegulator } from '../regulator.ts'

const SAMPLE_MS = 100
const ASKED = 20
const GROUPS = ['week', 'profession', 'territory', 'product', 'week,territory,profession,product', 'pharmacy']

/** The whole ledger as CSV, with the memory that the process takes for it, and totals over it. */
export async function exports(url: string): Promise<Record<string, number>> {
  const server = await serveRegulator(url)
  const found: Record<string, number> = {}
  for (const groupBy of GROUPS) {
    const times: number[] = []
    for (let n = 0; n < ASKED; n++) {
      const started = performance.now()
      await (await server.get(`/v1/audit/summary?groupBy=${groupBy}`)).arrayBuffer()
      times.push(performance.now() - started)
    }
    found[`summary by ${groupBy}, ms (median)`] = Math.round(percentile(times, 0.5) * 10) / 10
  }
  for (const type of ['text/csv', 'application/x-ndjson']) {
    const before = await server.residentMegabytes()
    let most = before
    const sampling = setInterval(async () => (most = Math.max(most, await server.residentMegabytes())), SAMPLE_MS)
    const started = performance.now()
    const lines = await countLines(await server.get('/v1/audit/dispensations', type))
    const seconds = (performance.now() - started) / 1000
    clearInterval(sampling)
    found[`export as ${type}, rows`] = lines
    found[`export as ${type}, rows a second`] = Math.round(lines / seconds)
    found[`export as ${type}, growth of the server’s memory, MB`] = Math.round(most - before)
  }
  await server.stop()
  return found
}

/** How many lines an answer has, as it streams in. */
export async function countLines(response: Response): Promise<number> {
  let lines = 0
  for await (const chunk of response.body ?? []) {
    // Byte by byte in JavaScript the reader would be slower than what it measures.
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines++
  }
  return lines
}
