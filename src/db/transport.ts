import pg from 'pg'
import { connectionWith } from './settings.ts'

const HERE = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\]|\/.*)$/

/** The host that a connection to this address reaches without TLS; undefined if it has TLS or stays on this machine. */
export function plainHost(url: string): string | undefined {
  const { host, ssl } = new pg.Client(connectionWith(url, {})) // As it would connect; it does not yet.
  return ssl || HERE.test(host) ? undefined : host
}
