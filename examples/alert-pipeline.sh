#!/usr/bin/env bash
# Hands an alert to the agent and prints what it found: alert-pipeline.sh [alert.json]
# SERVER_URL and AUTH_TOKEN say where to and with what token. Nothing that needs an approval is run.
set -euo pipefail

url="${SERVER_URL:-http://127.0.0.1:8080}/api/stream/investigate"
headers=(-H 'Content-Type: application/json')
if [ -n "${AUTH_TOKEN:-}" ]; then headers+=(-H "Authorization: Bearer $AUTH_TOKEN"); fi
connection="alert-$$-$RANDOM"

alert='{"source":"prometheus","title":"Disk almost full","subject":{"host":"web-1"},
  "context":{"start_time":"2026-01-01T00:00:00Z","mount":"/var"},"description":"92 % used for 10 minutes"}'
if [ $# -gt 0 ]; then alert=$(cat "$1"); fi

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

decline() {
  curl -sS --fail-with-body "${headers[@]}" "$url/send" -o /dev/null \
    -d "{\"connectionId\":\"$connection\",\"payload\":{\"approval\":{\"tool_call_id\":\"$1\",\"decision\":\"decline\",\"message\":\"Nobody is there to approve this.\"}}}"
}

event=
answer=
while IFS= read -r line || [ -n "$line" ]; do
  line=${line%$'\r'}
  case $line in
    'event: '*) event=${line#event: } ;;
    'data: '*)
      data=${line#data: }
      case $event in
        start_tool_calling) echo "tool: $(field tool_name <<<"$data")" >&2 ;;
        approval_required) decline "$(field tool_call_id <<<"$data")" ;;
        error) echo "error: $data" >&2 ;;
        ai_answer_end) answer=$data ;;
      esac
      ;;
    '{'*) echo "$line" >&2 ;;
  esac
done < <(curl -sSN "${headers[@]}" -H 'Accept: text/event-stream' "$url?once=true" \
  -d "{\"connectionId\":\"$connection\",\"payload\":$alert}")

if [ "$(field status <<<"$answer")" != completed ]; then
  echo "expected a completed turn, got: ${answer:-no answer}" >&2
  exit 1
fi
printf '%s\n' "$answer"
