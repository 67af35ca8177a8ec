import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'

const tables = new WeakMap<FastifyInstance, RouteOptions[]>()

// Before anything is registered, so that no route is missed.
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }
  const table: RouteOptions[] = []
  tables.set(fastify, table)
  fastify.addHook('onRoute', (route) => void table.push(route))
})

/** Every route of an application as it was registered; of an application that was built after this file was loaded. */
export function routeTable(app: FastifyInstance): readonly RouteOptions[] {
  const table = tables.get(app)
  if (!table) throw new Error('the application was built before anybody listened')
  return table
}

/** The method and path of a route, as the OpenAPI document writes it. */
export function nameOf({ method, url }: Pick<RouteOptions, 'method' | 'url'>): string {
  return `${method} ${url.replace(/:(\w+)/g, '{$1}')}`
}
