/** PostgreSQL's settings by name. */
export type Settings = Readonly<Record<string, string>>

/**
 * What statements and their answers rely on. The database or the login role may have settings of its own: other dates,
 * another order of them, other tables first. These hold on every connection all the same.
 */
export const RELIED_ON: Settings = {
  datestyle: 'ISO,YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
  // A COMMIT that did not wait for its standby says so in a warning. Anything lesser would look like one.
  client_min_messages: 'warning',
  // Managed databases keep PostGIS in the middle two; a schema that does not exist is passed over. Temporary tables are
  // found first unless they are named here, and one called as a table of ours would stand in for it.
  search_path: 'public,extensions,postgis,pg_temp',
}

/**
 * How to connect to a server with these settings. Those that the URL's own `options` ask for come first, so that they
 * add to these and replace none.
 */
export function connectionWith(url: string, settings: Settings): { connectionString: string; options: string } {
  const [address = '', query] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  const options = [parameters.get('options') ?? '', ...Object.entries(settings).map(optionOf)].join(' ').trim()
  parameters.delete('options')
  return { connectionString: parameters.size > 0 ? `${address}?${parameters}` : address, options }
}

function optionOf([name, value]: [string, string]): string {
  return `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`
}

/** The statement that gives an open session these settings. */
export function settingStatement(settings: Settings): string {
  const set = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', false)`)
  return `select ${set.join(', ')}`
}

/** The names of the settings that a session has otherwise. */
export function differingSettings(wanted: Settings, found: Settings): string[] {
  const plain = (value = '') => value.replaceAll(' ', '').toLowerCase()
  return Object.keys(wanted).filter((name) => plain(wanted[name]) !== plain(found[name]))
}
