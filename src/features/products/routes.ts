import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownHeaders, notModified, unlessKnown } from '../../http/unless-known.ts'
import { putProduct } from './put-product.ts'
import { listProducts, versionOfProducts } from './queries.ts'
import { listQuery, product, productBody, productPage, productParams } from './schema.ts'

/** The catalogue. */
export async function productRoutes(app: App, { db }: Deps): Promise<void> {
  app.get(
    '/v1/products',
    {
      config: { sends: ['ETag'], policy: 'public' },
      schema: {
        operationId: 'listProducts',
        tags: ['reference data'],
        summary: 'List the catalogue, by code, or find the product of a pack',
        querystring: listQuery,
        headers: knownHeaders,
        response: { 200: productPage, ...notModified, ...problems() },
      },
    },
    (request, reply) => {
      const { cursor, limit, gtin } = request.query
      const part = { after: positionOf(cursor, productParams.shape.code), gtin }
      return unlessKnown(request, reply, {
        version: () => versionOfProducts(db, part, limit + 1),
        read: async () => page(await listProducts(db, part, limit + 1), limit, ({ code }) => code),
      })
    },
  )
  app.put(
    '/v1/products/:code',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' } },
      schema: {
        operationId: 'putProduct',
        tags: ['reference data'],
        summary: 'Put a product into the catalogue or change it',
        params: productParams,
        headers: writeHeaders,
        body: productBody,
        response: { 200: product, 201: product, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      let created = false
      return effect(request, reply, { db, status: () => (created ? 201 : 200) }, async (tx) => {
        const put = await putProduct(tx, request.params.code, request.body)
        created = put.created
        return put.product
      })
    },
  )
}
