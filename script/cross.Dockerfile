# What cross.toml builds in: the compilers of this machine for boards, and the boards' own libraries.
ARG RELEASE=bookworm
FROM debian:${RELEASE}-slim
ARG ARCHITECTURE
ARG TRIPLET
RUN dpkg --add-architecture "$ARCHITECTURE" \
  && apt-get update -q \
  && apt-get install -q -y --no-install-recommends \
    ca-certificates cmake gcc g++ libc6-dev libclang-dev pkg-config \
    "gcc-$TRIPLET" "g++-$TRIPLET" "libc6-dev-$ARCHITECTURE-cross" \
    "libgstreamer1.0-dev:$ARCHITECTURE" "libgstreamer-plugins-base1.0-dev:$ARCHITECTURE" "libasound2-dev:$ARCHITECTURE" \
  && rm -rf /var/lib/apt/lists/*
