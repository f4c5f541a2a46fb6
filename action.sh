#!/usr/bin/env bash
# What the GitHub Action does with its inputs (action.yml), which come as environment variables.
set -euo pipefail
# The inputs are lists of words; nothing in them is to be expanded.
set -f
# shellcheck disable=SC2206
paths=($PATHS) more=($ARGS)

# Built from the sources that the action came with, unless the machine has it already.
if ! command -v jettison >/dev/null; then
  cargo install --quiet --locked --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/jettison"
  PATH=$RUNNER_TEMP/jettison/bin:$PATH
fi

# Exit code 1 says that something would change.
status=0
case $MODE in
  check)
    jettison fix --format github "${more[@]}" "${paths[@]}" || status=$?
    if [[ $status == 1 && $FAIL != true ]]; then status=0; fi
    exit "$status"
    ;;
  comment)
    : "${NUMBER:?mode comment needs a pull request: let the workflow run on pull_request}"
    text=$(mktemp)
    jettison fix --format markdown "${more[@]}" "${paths[@]}" >"$text" || status=$?
    if [[ $status == 2 ]]; then exit 2; fi
    gh pr comment "$NUMBER" --repo "$REPOSITORY" --edit-last --create-if-none --body-file "$text"
    ;;
  pull-request)
    jettison pr "${more[@]}" "${paths[@]}"
    ;;
  *)
    echo "mode is check, comment or pull-request, not: $MODE" >&2
    exit 2
    ;;
esac
