import { type Logger, type LoggerOptions, pino, stdSerializers } from 'pino'
import { driverError } from './db/failures.ts'

// Neither the driver's `detail`, which quotes the values of the row, nor the embedded driver's `params`.
function serialiseError(error: Error): Record<string, unknown> {
  const cause = driverError(error) ?? error
  const { code, constraint } = cause as { code?: string; constraint?: string }
  return { type: error.name, message: cause.message, code, constraint, stack: stdSerializers.err(cause as Error).stack }
}

/**
 * How the service logs: JSON lines without national numbers, names, tokens or pick-up codes.
 * @internal
 */
export function logOptions(level: string): LoggerOptions {
  const personal = [
    'authorization',
    'professional',
    'pickupCode',
    'voucher',
    'familyName',
    'givenName',
    'otherIds',
    'token',
  ]
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serialiseError, req: ({ id, method }: { id: string; method: string }) => ({ id, method }) },
    redact: { paths: personal.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
  }
}

// Writing each line on its own took an eighth of the service's time. A stalled reader costs lines, not memory.
const BATCHES = { sync: false, minLength: 4096, periodicFlush: 100, maxLength: 16 * 2 ** 20 }

/** The service's logger on standard output. Lines come in batches, at most 100 ms late; the rest is written at exit. */
export function serviceLogger(level: string): Logger {
  return pino(logOptions(level), pino.destination({ dest: 1, ...BATCHES }))
}

/** A logger for commands on standard error; standard output is for the command's result. */
export function commandLogger(level: string): Logger {
  return pino(logOptions(level), pino.destination(2))
}
