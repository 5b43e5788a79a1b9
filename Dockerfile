# syntax=docker/dockerfile:1

# The tag names one version of Node. Add its digest (`docker buildx imagetools inspect node:24.21.0-bookworm-slim`) to fix the
# rest of the image as well; .nvmrc and package.json name the same version. `npm run check` asks for a digest, or for a
# line of the last 90 days that says why there is none.

# Build: compiles and bundles TypeScript with the development dependencies.
# not by digest, looked at on 2026-11-26: it is not known without the registry
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY adapters ./adapters
COPY config ./config
COPY console ./console
COPY scripts/bundle.ts scripts/bundleConsole.ts ./scripts/
RUN npm run build

# Production dependencies only, without the Node that npm would bring: the image has its own.
# not by digest, looked at on 2026-11-26: it is not known without the registry
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional

# not by digest, looked at on 2026-11-26: it is not known without the registry
FROM node:24.21.0-bookworm-slim
# glibc keeps less freed memory to itself: a seventh of what the process takes.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    GATEWAY_CONFIG=/etc/gateway/gateway.yaml \
    HOST=0.0.0.0 \
    PORT=8080 \
    OPS_HOST=0.0.0.0 \
    OPS_PORT=9464 \
    STORE_URL=sqlite:/data/gateway.db
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist/bundle ./dist/bundle
COPY package.json ./
# The root file system may be read-only: the gateway writes nowhere but to /data.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 8080 9464
# On the ops port, which speaks plain HTTP also under server.tls.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s \
  CMD ["node", "dist/bundle/gateway.js", "healthcheck"]
# A smaller nursery: less memory at the same cost (bench/HISTORY.md).
CMD ["node", "--max-semi-space-size=8", "dist/bundle/gateway.js", "serve"]
