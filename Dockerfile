# docker build -t agentloop-server .
# The sandbox around the agent's commands needs what compose.yaml says under security_opt.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends bash bubblewrap ca-certificates git ripgrep \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/dist /opt/agentloop-server/dist
# The user `node` (1000) of the image owns what the agent works on, and the record.
RUN mkdir -p /workspace /var/lib/agentloop/sessions && chown -R node:node /workspace /var/lib/agentloop
USER node
WORKDIR /workspace
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    SESSION_STORE_PATH=/var/lib/agentloop/sessions
EXPOSE 8080
VOLUME ["/workspace", "/var/lib/agentloop/sessions"]
HEALTHCHECK --interval=30s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Run with an init (docker run --init): it collects the processes that commands leave behind.
ENTRYPOINT ["node", "--max-semi-space-size=8", "/opt/agentloop-server/dist/ws-server.js"]
