# The bridge in a container: docs/how-to/run-in-a-container.md. Built and called by container/build-and-call.sh.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Empty: the bridge to OpenAI and Azure. "local" adds the offline engine (300 MB), "local,test" what the tests need.
ARG EXTRAS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv
WORKDIR /src
# The dependencies first, for a package that is still empty: this layer stays until pyproject.toml changes.
COPY pyproject.toml ./
RUN mkdir twilio_rt_cli && touch README.md LICENSE twilio_rt_cli/__init__.py \
    && /opt/venv/bin/pip install ".${EXTRAS:+[${EXTRAS}]}"
COPY README.md LICENSE ./
COPY twilio_rt_cli twilio_rt_cli
RUN /opt/venv/bin/pip install --no-deps --force-reinstall .

FROM ${BASE} AS bridge
# Home and state are one folder: journal of changed numbers, the running server's ports, and the ngrok agent once fetched.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/twilio-rt --shell /usr/sbin/nologin bridge \
    && install -d -o bridge -g bridge -m 0700 /var/lib/twilio-rt
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/var/lib/twilio-rt XDG_STATE_HOME=/var/lib
USER 10001:10001
WORKDIR /app
VOLUME /var/lib/twilio-rt
EXPOSE 5001
# http.client, because it asks no proxy the environment may name. The port is that of the setting, not of a flag.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python3", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 5001), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["twilio-rt"]
CMD ["serve"]
