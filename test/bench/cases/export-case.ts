import { plainReport, type SpecialCase } from '../case.ts'
import { median } from '../measure.ts'
import { countLines } from './exports.ts'

const SAMPLE_MS = 100

/** The whole ledger as CSV: its rate is in rows a second. */
export const exportCase: SpecialCase = {
  name: 'export',
  async run({ server, callers, runs }) {
    const rates: number[] = []
    const growths: number[] = []
    let rows = 0
    for (let run = 0; run < runs; run++) {
      const before = await server.residentMegabytes()
      let most = before
      const sampling = setInterval(async () => {
        most = Math.max(most, await server.residentMegabytes())
      }, SAMPLE_MS)
      const started = performance.now()
      const headers = { authorization: `Bearer ${callers.regulators[0]}`, accept: 'text/csv' }
      try {
        rows = await countLines(await fetch(`${server.url}/v1/audit/dispensations`, { headers }))
      } finally {
        clearInterval(sampling)
      }
      rates.push((rows * 1000) / (performance.now() - started))
      growths.push(most - before)
    }
    const notes = [`export: ${rows} rows; the server’s memory grew by ${growths.map(Math.round).join(', ')} MB`]
    return plainReport('export', { requestsPerSecond: median(rates), notes })
  },
}
