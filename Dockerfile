# syntax=docker/dockerfile:1

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:26-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY proto ./proto
COPY config ./config

# The ledger. Its folder belongs to the user below, so a fresh volume does too.
RUN install --directory --owner=node --group=node /var/lib/learning-sidecar
VOLUME /var/lib/learning-sidecar

# Containers of a pod share the loopback address: 127.0.0.1:50051, the default, is right for a
# sidecar. Where the orchestrator is elsewhere, set LEARNING_SIDECAR_LISTEN=0.0.0.0:50051.
ENV NODE_ENV=production \
    LEARNING_SIDECAR_ADMIN_LISTEN=127.0.0.1:9464 \
    LEARNING_SIDECAR_DATA_DIR=/var/lib/learning-sidecar
EXPOSE 50051 9464

# By number: Kubernetes' runAsNonRoot cannot read names.
USER 1000:1000

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch(`http://${process.env.LEARNING_SIDECAR_ADMIN_LISTEN}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "/app/dist/main.js"]
