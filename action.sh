#!/usr/bin/env bash
# The steps of the GitHub Action (action.yml): install, check, comment or pull-request. The inputs are
# environment variables. The checkout is not trusted: no code of it runs, and only `post` and
# `pull-request` have a token.
set -euo pipefail
# The inputs are lists of words, in which nothing may be expanded.
set -f
# shellcheck disable=SC2206
paths=(${PATHS:-}) more=(${ARGS:-})

own=$RUNNER_TEMP/jettison
comment=$own/comment.md
# Programs that are already installed take precedence.
PATH=$PATH:$own/bin

# Downloads a release for this machine if release.sha256 contains its checksum.
download() {
  local version top name sum
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
  top=jettison-$version-$(uname -m)-$(uname -s | tr '[:upper:]' '[:lower:]')
  name=$top.tar.gz
  sum=$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\$/\1/p" release.sha256)
  if [[ -z $sum || -z ${ACTION_REPOSITORY:-} ]]; then return 1; fi
  curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --output "$own/$name" \
    "https://github.com/$ACTION_REPOSITORY/releases/download/v$version/$name" || return 1
  if ! echo "$sum  $own/$name" | check_sum; then
    echo "$name does not match its checksum in release.sha256" >&2
    exit 2
  fi
  tar -x -z -o -f "$own/$name" -C "$own/bin" --strip-components 1 "$top/jettison" "$top/jettison-trace"
}

# macOS may have only shasum.
check_sum() {
  if command -v sha256sum >/dev/null; then sha256sum --check --status; else shasum -a 256 --check --status; fi
}

# Builds with the release profile: `--profile dist` would take longer to build than it saves here. Builds
# outside of the checkout, whose rust-toolchain.toml and .cargo/config.toml could run other programs; with
# its own directories, and without variables that earlier steps or the workflow may have set.
build() {
  env -u GITHUB_TOKEN -u GH_TOKEN -u ACTIONS_RUNTIME_TOKEN -u ACTIONS_ID_TOKEN_REQUEST_TOKEN \
    -u RUSTC -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET \
    RUSTUP_TOOLCHAIN="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)" \
    CARGO_HOME="$own/cargo" CARGO_TARGET_DIR="$own/target" \
    cargo install --quiet --locked --path . --root "$own"
}

# Exit status 1 means that something would change.
status=0
case ${1:-} in
  install)
    mkdir -p "$own/bin"
    cd "$GITHUB_ACTION_PATH"
    command -v jettison >/dev/null || download || build
    ;;
  check)
    jettison fix --format github "${paths[@]}" "${more[@]}" || status=$?
    if [[ $status == 1 && $FAIL != true ]]; then status=0; fi
    exit "$status"
    ;;
  comment)
    : "${NUMBER:?mode comment needs a pull request: run the workflow on pull_request}"
    mkdir -p "$own"
    jettison fix --format markdown "${paths[@]}" "${more[@]}" >"$comment" || status=$?
    if [[ $status == 2 ]]; then exit 2; fi
    ;;
  post)
    cd "$own"
    gh pr comment "$NUMBER" --repo "$REPOSITORY" --edit-last --create-if-none --body-file "$comment"
    ;;
  pull-request)
    jettison pr "${paths[@]}" "${more[@]}"
    ;;
  *)
    echo "unknown mode: ${1:-}; use check, comment or pull-request" >&2
    exit 2
    ;;
esac
