/** What a machine's token may be limited to; the tokens of people have no scopes. */
export const scopes = [
  'stock:read',
  'stock:write',
  'reservations:read',
  'reservations:write',
  'dispensations:read',
  'dispensations:write',
  'audit:read',
  'ledger:read',
  'rules:read',
  'rules:write',
  'directory:read',
  'directory:write',
  'clients:write',
] as const

export type Scope = (typeof scopes)[number]
