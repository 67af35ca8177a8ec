/** Who may: a client, for itself. Which events it may read is a matter of its scopes and of who grants it. */
export const byClient = { scope: null, pharmacy: 'client', regulator: 'client' } as const
