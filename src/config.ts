import { z } from 'zod'
import { count, exactOrigins, flag, hours, lackOfServer, trustedProxies } from './config-values.ts'
import { webhookVariables } from './config-webhooks.ts'

/** A wrong configuration value, which stops the start. The message is one line that names the variable. */
export class ConfigError extends Error {}

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1').meta({ about: 'address to listen on' }),
  PORT: count(0, 65_535, 3000, 'port to listen on; 0 picks a free one, which the log names'),
  OPERATIONS_HOST: z.string().min(1).default('127.0.0.1').meta({
    about: 'address on which /metrics, /healthz and /readyz are for those who run it; keep callers away from it',
  }),
  OPERATIONS_PORT: count(0, 65_535, 9464, 'port for these; 0 picks a free one, which the log names'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .meta({
      about:
        'PostgreSQL 15 or newer with PostGIS 3.3 or newer; if not set, the embedded database in DATA_DIR, for trials',
    }),
  DATABASE_POOL: count(
    1,
    200,
    20,
    'connections of this process to PostgreSQL, a fifth of them for audits; each export under way, of two at most, and RATE_LIMIT_STORE=database take one more',
  ),
  DATABASE_READ_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .meta({ about: 'a streaming standby of DATABASE_URL, for searches and audits' }),
  DATABASE_READ_MAX_AGE: count(1, 3600, 10, 'seconds that the standby may lag before it is no longer read'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.gomask')
    .meta({ about: 'folder of the embedded database, keys and checkpoints; back it up' }),
  MIGRATE_ON_START: flag(
    true,
    'bring the database up to date at start, where the login may; if false, refuse one that is not up to date',
  ),
  STRICT_ROLES: flag(false, 'refuse a login of the database that may do more than the service needs, not only warn'),
  FOUR_EYES: z.enum(['auto', 'true', 'false']).default('auto').meta({
    about: 'whether a second admin confirms what gives a client power; auto: once two admin clients have been made',
  }),
  SIGNING_KEY_FILE: z.string().optional().meta({
    about: 'PEM file (PKCS #8, P-256) whose first key signs tokens and all verify; if not set, made in DATA_DIR',
  }),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine(
      (url) => URL.canParse(url) && new URL(url).origin === url,
      'must be an origin such as https://masks.example.org',
    )
    .optional()
    .meta({
      about:
        'origin where clients reach this service, for machines’ tokens and the OAuth metadata; the same in all processes',
    }),
  OIDC_ISSUERS_FILE: z.string().optional().meta({
    about:
      'JSON file of the OpenID Connect issuers of people’s tokens; if not set, only this service’s own tokens are accepted',
  }),
  LEDGER_ORIGIN: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._/:-]{0,99}$/, 'must be letters, digits and . _ / : -, at most 100')
    .refine((name) => /[a-zA-Z]/.test(name), 'must hold a letter')
    .default('gomask')
    .meta({
      about:
        'name of the ledger’s log in its checkpoints, such as masks.example.org/ledger; set it first, never change it',
    }),
  LEDGER_KEY_FILE: z.string().optional().meta({
    about: 'PEM file (PKCS #8, Ed25519) of the key that signs checkpoints and receipts; if not set, made in DATA_DIR',
  }),
  CHECKPOINT_DIR: z.string().min(1).optional().meta({
    about:
      'folder that keeps published checkpoints, away from the database and shared by all processes; if not set, DATA_DIR/checkpoints',
  }),
  CHECKPOINT_SECONDS: count(1, 3600, 2, 'seconds from one checkpoint to the next while there are new entries'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ about: 'fatal, error, warn, info, debug, trace or silent' }),
  RATE_LIMIT: count(
    0,
    1_000_000,
    600,
    'requests per minute and caller, of a caller of several pharmacies for each of them; 0 turns every limit off, even on pick-up codes',
  ),
  RATE_LIMIT_CLIENT: count(
    1,
    1_000_000,
    60_000,
    'requests per minute and client, for all its pharmacies or people together; an admin can set another number for one client',
  ),
  RATE_LIMIT_STORE: z.enum(['process', 'database']).default('process').meta({
    about: 'where requests of callers are counted: in each process, or in the database for all of them together',
  }),
  RATE_LIMIT_UNAUTHENTICATED: count(
    1,
    1_000_000,
    300,
    'requests per minute and address with a missing or wrong token or secret, beyond which those alone get 429; of an app with a wrong subject token, beyond which all its exchanges do',
  ),
  RATE_LIMIT_NOT_FOUND: count(
    1,
    1_000_000,
    60,
    'unknown ids and wrong pick-up codes per minute, counted as RATE_LIMIT is',
  ),
  RATE_LIMIT_TOKENS: count(1, 1_000_000, 60, 'tokens per minute and client, of each pharmacy or person in them'),
  TRUST_PROXY: z.string().transform(trustedProxies).default(false).meta({
    about: 'addresses or networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.5,10.1.0.0/16',
  }),
  CORS_ORIGINS: z.string().transform(exactOrigins).default([]).meta({
    about: 'origins whose web pages may call, such as https://app.example.org,https://b.example.org',
  }),
  OPEN_DATA: z.enum(['off', 'bands']).default('off').meta({
    about: 'what everybody may read without a token: nothing, or in bands which pharmacy has how much (bands)',
  }),
  OPEN_DATA_SECONDS: count(5, 3600, 30, 'seconds after which what everybody may read is read from the database anew'),
  HOLD_HOURS: hours(720, 24, 'hours that a reservation holds its masks; fractions are allowed'),
  MAX_LIVE_HOLDS: count(1, 100, 2, 'live reservations per professional and product'),
  OVERRIDES_PER_WEEK: count(0, 10_000, 20, 'overrides per pharmacy in any 7 days'),
  UNSERVED_CHECKS_PER_HOUR: count(
    0,
    10_000,
    100,
    'people whom a pharmacy may ask about within an hour without handing them anything; 0: no limit',
  ),
  OFFLINE_MAX_DAYS: count(1, 365, 30, 'days back that an item of an offline batch may have happened'),
  CONTROLLER_NAME: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .meta({ about: 'who answers for the personal data; shown in /docs and to each professional' }),
  CONTROLLER_CONTACT: z
    .union([z.email(), z.url({ protocol: /^https?$/ })], { error: 'must be an e-mail address or an http(s) URL' })
    .optional()
    .meta({ about: 'how to reach them: an e-mail address or a URL' }),
  LEDGER_RETENTION_DAYS: count(
    0,
    36_500,
    1095,
    'days after a professional’s newest entry during which entries name the person, who cannot be erased before',
  ),
  NAME_RETENTION_DAYS: count(
    1,
    36_500,
    1095,
    'days for which the directory keeps a professional who is not served, does not reserve and is not put in again',
  ),
  ACCESS_RETENTION_DAYS: count(30, 36_500, 365, 'days for which it is kept who read whose data; at least 30'),
  RESERVATION_RETENTION_DAYS: count(
    30,
    36_500,
    1095,
    'days for which reservations that have ended are kept; at least 30',
  ),
  EVENT_RETENTION_DAYS: count(1, 36_500, 30, 'days for which events are kept'),
  ...webhookVariables,
  REFUSAL_RETENTION_DAYS: count(365, 36_500, 1095, 'days for which it is kept what was refused; at least 365'),
})

export type Config = Readonly<z.output<typeof environment>>

/**
 * Reads the environment, and is the only reader of process.env. Throws a ConfigError that names the first wrong
 * variable.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable counts as not set: compose and unit files often contain `DATABASE_URL=`.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  const lack = parsed.data && lackOfServer(parsed.data)
  if (lack !== undefined) throw new ConfigError(lack)
  if (parsed.success) return Object.freeze(parsed.data)
  const [issue] = parsed.error.issues
  throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`)
}

/** A variable as the help and the documentation show it. */
export interface Variable {
  name: string
  about: string
  /** The default as it would be written, `not set` if there is none. */
  preset: string
}

/** All variables, in the order of the schema. */
export function variables(): Variable[] {
  return Object.entries(environment.shape).map(([name, schema]) => {
    const preset = schema.safeParse(undefined).data
    return { name, about: String(schema.meta()?.about), preset: String(preset ?? '') || 'not set' }
  })
}
