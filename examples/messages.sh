#!/usr/bin/env bash
# One conversation as Codex events: messages.sh "prompt" [work-dir]
# SERVER_URL and AUTH_TOKEN say where to and with what token. With APPROVE=yes everything it asks for is confirmed,
# otherwise it is stopped.
set -euo pipefail

url="${SERVER_URL:-http://127.0.0.1:8080}"
headers=(-H 'Content-Type: application/json')
if [ -n "${AUTH_TOKEN:-}" ]; then headers+=(-H "Authorization: Bearer $AUTH_TOKEN"); fi

curl -sS --fail "$url/health" >/dev/null

quoted() { sed 's/\\/\\\\/g; s/"/\\"/g' <<<"$1" | sed ':all; N; $!b all; s/\n/\\n/g'; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

prompt=$(quoted "${1:-list files}")
request="{\"type\":\"user_message\",\"message\":\"$prompt\""
if [ $# -gt 1 ]; then request+=",\"work_dir\":\"$(quoted "$2")\""; fi

answer() {
  local type=user_cancel
  if [ "${APPROVE:-}" = yes ]; then type=user_confirm; fi
  curl -sS --fail-with-body "${headers[@]}" "$url/messages" -o /dev/null -d "{\"type\":\"$type\",\"id\":\"$session\"}"
}

event=
session=
finished=
while IFS= read -r line || [ -n "$line" ]; do
  line=${line%$'\r'}
  case $line in
    'event: '*) event=${line#event: } ;;
    'data: '*)
      data=${line#data: }
      case $event in
        session_configured) session=$(field session_id <<<"$data") ;;
        agent_message | error) echo "$data" ;;
        *_approval_request) answer ;;
        task_complete | turn_aborted) finished=$event ;;
      esac
      ;;
    '{'*) echo "$line" >&2 ;;
  esac
done < <(curl -sSN "${headers[@]}" "$url/messages" -d "$request}")

if [ "$finished" != task_complete ]; then
  echo "expected task_complete, got ${finished:-nothing}" >&2
  exit 1
fi
