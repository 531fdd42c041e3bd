# syntax=docker/dockerfile:1

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY rolldown.config.ts ./
COPY src ./src
# Not `npm run build`, which makes the client too.
RUN npx rolldown --config

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
LABEL org.opencontainers.image.title="learning-sidecar" \
      org.opencontainers.image.description="Learns better settings for the orchestrator beside it" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
# dist has in it what it needs of these: they are here for their licences, and for who looks for faults in them.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY proto ./proto
COPY config ./config

# The ledger. Its folder belongs to the user below, so a fresh volume does too.
RUN install --directory --owner=1000 --group=1000 /var/lib/learning-sidecar
VOLUME /var/lib/learning-sidecar

# Containers of a pod share the loopback address: 127.0.0.1:50051, the default, is right for a
# sidecar. Where the orchestrator is elsewhere, -p included, set LEARNING_SIDECAR_LISTEN=0.0.0.0:50051, and
# certificates or tokens in the config (or LEARNING_SIDECAR_INSECURE=true, see docs/containers.md).
ENV NODE_ENV=production \
    LEARNING_SIDECAR_ADMIN_LISTEN=plain:127.0.0.1:9464 \
    LEARNING_SIDECAR_DATA_DIR=/var/lib/learning-sidecar
EXPOSE 50051 9464

# By number: Kubernetes' runAsNonRoot cannot read names. Nothing but the volume is written: run it
# with a read-only root file system (--read-only, readOnlyRootFilesystem: true).
USER 1000:1000

# Asks the HTTP listener, wherever the environment has put it, with TLS or without.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "/app/dist/main.js", "healthcheck"]

# As the first process it answers signals itself; it starts no others, so there are none to reap. The start
# alone is no reason to collect old garbage, which leaves more memory behind than it frees.
ENTRYPOINT ["node", "--initial-old-space-size=32", "/app/dist/main.js"]
