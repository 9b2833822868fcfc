# The same steps as `make run`, so that they are exercised with and without containers.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make git ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/vtp
COPY scripts ./scripts
COPY requirements ./requirements
COPY setup.py pyproject.toml README.md LICENSE NOTICE Makefile ./
COPY vtp ./vtp
COPY web ./web
COPY migrations ./migrations
COPY config ./config
RUN scripts/setup.sh build && rm -rf web/node_modules /var/lib/apt/lists/*

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 libssl3 ca-certificates \
    && rm -rf /var/lib/apt/lists/* && useradd --system --create-home --home-dir /var/lib/vtp vtp
COPY --from=build /opt/vtp /opt/vtp
WORKDIR /opt/vtp
USER vtp
ENV VTP_DATA_DIR=/var/lib/vtp VTP_ENV=production
VOLUME /var/lib/vtp
EXPOSE 8080 8443 40000/udp
HEALTHCHECK CMD ["/opt/vtp/.venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=3)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/vtp/.venv/bin/vtp"]
CMD ["serve"]
