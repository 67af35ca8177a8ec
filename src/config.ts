import { isIP } from 'node:net'
import { z } from 'zod'

/** A configuration value that stops the start: one line that names the variable. */
export class ConfigError extends Error {}

const whole = (low: number, high: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().int().min(low).max(high))

const count = (low: number, high: number, preset: number, about: string) =>
  whole(low, high).default(preset).meta({ about })

const flag = (preset: boolean, about: string) =>
  z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .default(preset)
    .meta({ about })

const listed = (text: string) => text.split(',').map((each) => each.trim())

function trustedProxies(text: string, issues: z.RefinementCtx): false | string[] {
  if (text === 'false') return false
  const proxies = listed(text)
  if (!proxies.every(isNetwork)) {
    issues.addIssue('must be false, or addresses and networks such as 10.0.0.5,10.1.0.0/16')
  }
  return proxies
}

// Not a number of hops: whoever reaches the service past the proxy would choose an address.
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return more.length === 0 && (bits === undefined ? longest > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= longest)
}

function exactOrigins(text: string, issues: z.RefinementCtx): string[] {
  const origins = listed(text)
  if (!origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) {
    issues.addIssue('must be origins as browsers send them, such as https://app.example.org')
  }
  return origins
}

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1').meta({ about: 'address to listen on' }),
  PORT: count(0, 65_535, 3000, 'port to listen on; 0 takes a free one, and the log line says which'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .meta({ about: 'PostgreSQL 15+ with PostGIS; left out: the embedded database in DATA_DIR' }),
  DATABASE_POOL: count(1, 200, 20, 'connections to PostgreSQL of this process'),
  DATABASE_READ_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .meta({ about: 'a streaming standby of DATABASE_URL that serves searches and audits; left out: none' }),
  DATABASE_READ_MAX_AGE: count(1, 3600, 10, 'seconds that the standby may lag; further behind it is not asked'),
  DATA_DIR: z.string().min(1).default('.gomask').meta({ about: 'embedded database, keys and checkpoints' }),
  MIGRATE_ON_START: flag(true, 'bring the database up to date at start; false: refuse one that is not'),
  SIGNING_KEY_FILE: z
    .string()
    .optional()
    .meta({ about: 'PEM file (PKCS #8, P-256): the first key signs tokens, all verify; left out: made in DATA_DIR' }),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine(
      (url) => URL.canParse(url) && new URL(url).origin === url,
      'must be an origin such as https://masks.example.org',
    )
    .optional()
    .meta({ about: 'where clients reach this service; names it in their tokens and in the OAuth metadata' }),
  OIDC_ISSUERS_FILE: z.string().optional().meta({
    about: 'JSON file with the OpenID Connect issuers of people’s tokens; left out: this service’s own tokens alone',
  }),
  LEDGER_ORIGIN: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._/:-]{0,99}$/, 'must be letters, digits and . _ / : -, at most 100')
    .refine((name) => /[a-zA-Z]/.test(name), 'must hold a letter')
    .default('gomask')
    .meta({ about: 'name of this log in its checkpoints, such as masks.example.org/ledger; never change it' }),
  LEDGER_KEY_FILE: z.string().optional().meta({
    about: 'PEM file (PKCS #8, Ed25519) that signs checkpoints and receipts; left out: made once in DATA_DIR',
  }),
  CHECKPOINT_DIR: z
    .string()
    .min(1)
    .optional()
    .meta({ about: 'folder that keeps published checkpoints outside the database; left out: DATA_DIR/checkpoints' }),
  CHECKPOINT_SECONDS: count(1, 3600, 2, 'seconds from one checkpoint to the next while there is something new'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ about: 'fatal, error, warn, info, debug, trace or silent' }),
  RATE_LIMIT: count(0, 1_000_000, 600, 'requests a minute a caller; 0 turns every limit off, on pick-up codes too'),
  RATE_LIMIT_ADDRESS: whole(1, 100_000_000)
    .optional()
    .meta({ about: 'requests a minute an address, of all its callers together; left out: ten times RATE_LIMIT' }),
  RATE_LIMIT_UNAUTHENTICATED: count(1, 1_000_000, 300, 'requests a minute an address whose token is missing or wrong'),
  RATE_LIMIT_NOT_FOUND: count(1, 1_000_000, 60, 'ids not found and pick-up codes that were wrong a minute a caller'),
  RATE_LIMIT_TOKENS: count(1, 1_000_000, 60, 'requests for tokens a minute an address'),
  TRUST_PROXY: z
    .string()
    .transform(trustedProxies)
    .default(false)
    .meta({ about: 'proxies whose X-Forwarded-For is believed, such as 10.0.0.5,10.1.0.0/16; false: nobody’s' }),
  CORS_ORIGINS: z.string().transform(exactOrigins).default([]).meta({
    about: 'origins whose pages may call, such as https://app.example.org,https://b.example.org; left out: none',
  }),
  HOLD_HOURS: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of hours')
    .transform(Number)
    .pipe(z.number().positive().max(720))
    .default(24)
    .meta({ about: 'hours that a reservation holds its masks; a fraction is allowed' }),
  MAX_LIVE_HOLDS: count(1, 100, 2, 'live reservations a professional and product'),
  OVERRIDES_PER_WEEK: count(0, 10_000, 20, 'overrides a pharmacy in any 7 days'),
  CONTROLLER_NAME: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .meta({ about: 'who answers for the personal data, shown in the documentation' }),
  CONTROLLER_CONTACT: z
    .union([z.email(), z.url({ protocol: /^https?$/ })], { error: 'must be an e-mail address or an http(s) URL' })
    .optional()
    .meta({ about: 'where to ask them: an e-mail address or a URL' }),
  LEDGER_RETENTION_DAYS: count(
    0,
    36_500,
    1095,
    'days after the newest entry for which entries name the professional, and it cannot be erased',
  ),
  NAME_RETENTION_DAYS: count(
    1,
    36_500,
    1095,
    'days for which the directory keeps a professional that is neither served nor reserves nor is put in again',
  ),
  ACCESS_RETENTION_DAYS: count(30, 36_500, 365, 'days for which it is kept who read whose data'),
  REFUSAL_RETENTION_DAYS: count(365, 36_500, 1095, 'days for which it is kept what was refused'),
})

export type Config = Readonly<z.output<typeof environment>>

/** Reads the environment once, the only reader of process.env; throws a ConfigError that names the first wrong variable. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable is one that was not set: compose files and unit files often write `DATABASE_URL=`.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (parsed.success && parsed.data.DATABASE_READ_URL && !parsed.data.DATABASE_URL) {
    throw new ConfigError('DATABASE_READ_URL: is for a standby of DATABASE_URL, which is not set')
  }
  if (parsed.success) return Object.freeze(parsed.data)
  const [issue] = parsed.error.issues
  throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`)
}

/** The variables with their defaults, a line each, for `gomask serve --help`. */
export function describeConfig(): string {
  return Object.entries(environment.shape)
    .map(([name, schema]) => {
      const preset = schema.safeParse(undefined).data
      return `  ${name.padEnd(26)} ${schema.meta()?.about} (${String(preset ?? '') || 'not set'})`
    })
    .join('\n')
}
