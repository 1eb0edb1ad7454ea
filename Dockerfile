# docker build -t mcp-collector . && docker run -e ELASTICSEARCH_URL=http://es:9200 -v /var/log:/var/log:ro mcp-collector

FROM node:26.10.0-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY build.ts LICENSE ./
COPY bin bin
COPY src src
COPY pipelines pipelines
RUN node build.ts

# The image: the program, Node.js with the libraries that it names, and a user. No shell, no package manager.
RUN mkdir -p /image/app /image/etc \
  && cp -r package.json LICENSE bin dist pipelines /image/app \
  && ldd /usr/local/bin/node | grep -o '/[^ ]*' | xargs cp -L --parents -t /image /usr/local/bin/node \
  && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
  && echo 'collector:x:10001:10001::/var/lib/mcp-collector:/' > /image/etc/passwd \
  && install -d -m 1777 /image/tmp \
  && install -d -m 700 -o 10001 -g 10001 /image/var/lib/mcp-collector

FROM scratch
COPY --from=build /image /
ENV XDG_STATE_HOME=/var/lib
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/mcp-collector
EXPOSE 9681
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["/usr/local/bin/node", "bin/mcp-collector.js", "status"]
ENTRYPOINT ["/usr/local/bin/node", "bin/mcp-collector.js"]
CMD ["run", "pipelines/image.yaml"]
