import { z } from 'zod'
import { faults } from '../../http/faults-on-demand.ts'

const YEAR_SECONDS = 366 * 86_400

export const guide = z
  .object({
    people: z.array(z.object({ name: z.string(), role: z.string(), subject: z.string(), token: z.string() })),
    pharmacies: z.array(z.object({ finess: z.string(), name: z.string() })),
    products: z.array(z.object({ code: z.string(), gtin: z.string(), unitsPerBox: z.int() })),
    client: z
      .object({ id: z.string(), secret: z.string() })
      .describe('A vendor that every pharmacy has granted: for `POST /oauth/token`.'),
    faults: z.array(z.enum(faults)).describe('For the header X-Sandbox-Fault.'),
    clock: z.string().describe('What the clock shows.'),
  })
  .meta({ id: 'SandboxGuide' })

export const clockBody = z
  .strictObject({ aheadSeconds: z.int().min(1).max(YEAR_SECONDS).describe('It never runs backwards.') })
  .meta({ id: 'SandboxClockMove' })

export const clockState = z.object({ clock: z.string() }).meta({ id: 'SandboxClock' })

const finding = z
  .object({
    rule: z.string(),
    says: z.object({ en: z.string(), fr: z.string() }),
    outcome: z.enum(['kept', 'broken', 'not_seen']),
    kept: z.array(z.string()).describe('Ids of requests (X-Request-Id).'),
    broken: z.array(z.string()),
  })
  .meta({ id: 'ConformanceFinding' })

export const conformance = z.object({ items: z.array(finding) }).meta({ id: 'Conformance' })
