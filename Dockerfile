# syntax=docker/dockerfile:1

FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=dev COMMIT=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache \
    GOCACHE=/cache CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /antechamber .

FROM scratch
ARG VERSION=dev COMMIT=unknown
LABEL org.opencontainers.image.title="antechamber" \
      org.opencontainers.image.description="An emulator of the Anthropic Admin API, offline and stateful" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$COMMIT
COPY --from=build /antechamber /antechamber
USER 65532:65532
EXPOSE 4020
# Nothing outside a container can reach its loopback. Publish the port on the
# loopback of the host instead, as compose.yaml does.
ENV ANTECHAMBER_ADDR=:4020 ANTECHAMBER_EXPOSE=true
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --start-interval=200ms \
    CMD ["/antechamber", "wait", "--timeout=0"]
ENTRYPOINT ["/antechamber"]
