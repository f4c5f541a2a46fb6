# shellcheck shell=bash
# Reads a log from standard input, writes a report. $1: how many paths.

report_text() {
  gawk -v top="$1" '
    { status[$9]++; path[$7]++ }
    END {
      print "requests: " NR
      PROCINFO["sorted_in"] = "@ind_str_asc"
      for (s in status) print "status " s ": " status[s]
      PROCINFO["sorted_in"] = "@val_num_desc"
      for (p in path) { if (n++ >= top) break; print "path " p ": " path[p] }
    }'
}

report_json() {
  jq -R -s -c --argjson top "$1" '
    [split("\n")[] | select(length > 0) | split(" ")]
    | {
        requests: length,
        status: (group_by(.[8]) | map({key: .[0][8], value: length}) | from_entries),
        paths: (group_by(.[6]) | map({path: .[0][6], count: length}) | sort_by(-.count) | .[:$top])
      }'
}
