#!/bin/bash
# Calls everything that this image promises. Exit 1 if something is missing.
failed=0
check() {
  local out
  if out=$("$@" 2>&1); then
    printf 'ok    %-10s %s\n' "$1" "$(head -n 1 <<<"$out")"
  else
    printf 'FAIL  %-10s %s\n' "$1" "$(head -n 1 <<<"$out")"
    failed=1
  fi
}
check git --version
check curl --version
check wget --version
check jq --version
check rg --version
check fd --version
check tree --version
check less --version
check vim --version
check tmux -V
check sqlite3 --version
check ssh -V
check python3 --version
check pip --version
check pytest --version
check black --version
check ruff --version
check ipython --version
check node --version
check npm --version
check pnpm --version
check tsc --version
check prettier --version
check eslint --version
check repo-map --version
check python3 -m agent.cli skills
exit $failed
