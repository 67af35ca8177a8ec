# A digest pins it: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are copies of Node for machines that lack it, and this image is not one of them.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 OPERATIONS_PORT=9464 DATA_DIR=/var/lib/gomask NODE_COMPILE_CACHE=/var/cache/gomask
# Keys, and the embedded database where DATABASE_URL is not set: the one place that the service writes to.
RUN ln -s /app/src/launch.mjs /usr/local/bin/gomask && install -d -o node -g node -m 700 "$DATA_DIR" "$NODE_COMPILE_CACHE"
VOLUME /var/lib/gomask
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY migrations migrations
COPY src src
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gomask" \
      org.opencontainers.image.description="Shares a scarce stock of masks fairly between professionals" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
USER node
# Compiled once, here, and as the user who runs it: the container starts in half the time.
RUN node src/launch.mjs serve --help > /dev/null
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OPERATIONS_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# As `npm start` does. Node itself is process 1: npm or a shell would swallow the signal that asks it to finish.
CMD ["node", "--max-old-space-size=1024", "--max-semi-space-size=16", "src/launch.mjs", "serve"]
