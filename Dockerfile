# zhiqiao (职桥) as an image: built with the toolchain of rust-toolchain.toml, run by a
# user without rights, with nothing in it but the binary and the reference data.
#
#   docker build -t zhiqiao .
#
# Behind a registry mirror, name both images: --build-arg RUST_IMAGE=… --build-arg DEBIAN_IMAGE=…
ARG RUST_IMAGE=rust:1.95.0-slim-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim

FROM ${RUST_IMAGE} AS builder
# The image's own toolchain: rust-toolchain.toml would fetch rustfmt and clippy as well.
ENV RUSTUP_TOOLCHAIN=1.95.0 \
    CARGO_TARGET_DIR=/target
WORKDIR /source
COPY . .
# What is downloaded and compiled outlives a change of the source; the binary leaves the cache.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target \
    cargo build --release --locked --package zhiqiao --bin zhiqiao \
    && install -D /target/release/zhiqiao /out/zhiqiao

FROM ${DEBIAN_IMAGE}
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/zhiqiao zhiqiao \
    && install -d -o zhiqiao -g zhiqiao -m 0750 /var/lib/zhiqiao
COPY --from=builder /out/zhiqiao /usr/local/bin/zhiqiao
# Whom to trust when messages go out to webhooks: the small image has nobody.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY data /usr/share/zhiqiao/data
COPY LICENSE /usr/share/doc/zhiqiao/LICENSE

USER zhiqiao
# `zhiqiao.toml` is looked for here, and a SQLite file would live here.
WORKDIR /var/lib/zhiqiao
ENV ZHIQIAO_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM

# Ready means: database, schema and signing key are there. The shell's own sockets save a client.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

ENTRYPOINT ["zhiqiao"]
CMD ["serve"]
