#!/usr/bin/env bash
# Opens Genrescope: the same as `genrescope serve`, whose options it takes.
set -euo pipefail
cd "$(dirname "$0")"
if command -v uv >/dev/null 2>&1; then
  exec uv run --extra web genrescope serve "$@"
elif command -v genrescope >/dev/null 2>&1; then
  exec genrescope serve "$@"
fi
echo "start.sh: neither uv nor genrescope is installed; type: python3 -m pip install '.[web]'" >&2
exit 1
