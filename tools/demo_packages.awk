# From a Debian Packages index to two CSV files: packages (OUT "/packages") and dependencies (OUT "/dependencies"), each line
# led by the package's name, a tab and its version, so that sort -V can pick the newest.
function csv(text) {
  gsub(/"/, "\"\"", text)
  return "\"" text "\""
}
function number(text) { return text ~ /^[0-9]+$/ ? text : "" }
function relations(kind, text,    groups, n, i, alternatives, m, j, target, relation, version, rest) {
  n = split(text, groups, /, */)
  for (i = 1; i <= n; i++) {
    m = split(groups[i], alternatives, / *\| */)
    for (j = 1; j <= m; j++) {
      target = alternatives[j]; relation = ""; version = ""
      if (match(target, /\(.*\)/)) {
        rest = substr(target, RSTART + 1, RLENGTH - 2)
        target = substr(target, 1, RSTART - 1)
        if (match(rest, /^[<>=]+/)) { relation = substr(rest, 1, RLENGTH); version = substr(rest, RLENGTH + 1); gsub(/ /, "", version) }
      }
      gsub(/[ \[].*$/, "", target)
      print key csv(name) "," csv(kind) "," i "," j "," csv(target) "," (relation == "" ? "" : csv(relation)) "," (version == "" ? "" : csv(version)) > (OUT "/dependencies")
    }
  }
}
function flush() {
  if (name == "") return
  key = name "\t" field["Version"] "\t"
  print key csv(name) "," csv(field["Version"]) "," csv(field["Section"]) "," csv(field["Priority"]) "," csv(field["Maintainer"]) "," \
    number(field["Installed-Size"]) "," number(field["Size"]) "," (field["Homepage"] == "" ? "" : csv(field["Homepage"])) "," csv(field["Description"]) > (OUT "/packages")
  if (field["Depends"] != "") relations("depends", field["Depends"])
  if (field["Pre-Depends"] != "") relations("pre-depends", field["Pre-Depends"])
  if (field["Recommends"] != "") relations("recommends", field["Recommends"])
  if (field["Suggests"] != "") relations("suggests", field["Suggests"])
  name = ""
  delete field
}
/^$/ { flush(); next }
/^[A-Za-z-]+: / {
  split($0, parts, ": ")
  field[parts[1]] = substr($0, length(parts[1]) + 3)
  if (parts[1] == "Package") name = field["Package"]
}
END { flush() }
