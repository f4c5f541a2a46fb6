# An image with Jettison, and with git for `jettison pr`.
# Build: docker build -t jettison .
# Run: docker run --rm -v "$PWD:/work" jettison fix
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --profile dist --locked \
    && install -D target/dist/jettison /out/jettison

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/jettison /usr/local/bin/jettison
WORKDIR /work
ENTRYPOINT ["jettison"]
