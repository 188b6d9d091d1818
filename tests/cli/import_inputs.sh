# Proves that what `rowan import` and COPY are handed is read as what it is, or refused by its name: never taken for nothing.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null
"$rowan" sql t.git -c 'CREATE TABLE t (a int PRIMARY KEY, b text)' >/dev/null
printf 'a,b\n1,one\n2,two\n' > rows.csv
counts() { [[ $(value 'SELECT count(*) FROM t') == "$1" ]] || fail "$what: $(value 'SELECT count(*) FROM t') rows, not $1"; }
empty() { "$rowan" sql t.git -c 'DELETE FROM t' >/dev/null; }

# gzip is read, whatever the file is called, from standard input too, in members behind each other, and large.
gzip -k rows.csv
run import t.git t rows.csv.gz; exits 0; prints 'COPY 2'; counts 2; empty
mv rows.csv.gz rows.txt
run import t.git t rows.txt; exits 0; prints 'COPY 2'; counts 2; empty
run import t.git t - < rows.txt; exits 0; counts 2; empty
run sql t.git -c "COPY t FROM '$work/rows.txt' (FORMAT csv, HEADER)"; exits 0; counts 2; empty
{ gzip -c rows.csv; printf '3,three\n' | gzip -c; } > two.csv.gz
run import t.git t two.csv.gz; exits 0; prints 'COPY 3'; counts 3; empty
{ echo a,b; seq 1 200000 | sed 's/$/,a value/'; } | gzip -c > large.csv.gz
run import t.git t large.csv.gz; exits 0; prints 'COPY 200000'; counts 200000; empty
head -c 2000 large.csv.gz > short.csv.gz
run import t.git t short.csv.gz; exits 12; says 'it ends early'; counts 0
{ head -c 20000 large.csv.gz; printf 'xxxxxxxxxxxx'; tail -c +20013 large.csv.gz; } > hurt.csv.gz
run import t.git t hurt.csv.gz; exits 12; counts 0

# Other compressions, archives, databases and encodings are refused; the hint says what to do.
refused() {  # NAME BYTES WORD
  printf "$2" > "$1"
  run import t.git t "$1"; exits 11; says "$3"; counts 0
  run import t.git t "$1" --no-header; exits 11; says "$3"; counts 0
}
refused rows.zst '\x28\xb5\x2f\xfd\x04\x58' 'zstd -dc'
refused rows.xz '\xfd7zXZ\x00\x00\x04' 'xz -dc'
refused rows.lz4 '\x04\x22\x4d\x18' 'lz4 -dc'
refused rows.bz2 'BZh91AY&SY\x00' 'bzip2 -dc'
refused rows.Z '\x1f\x9d\x90' 'zcat'
refused rows.lzma '\x5d\x00\x00\x80' 'xz -dc'
refused rows.zip 'PK\x03\x04\x14' 'unzip -p'
refused rows.7z '7z\xbc\xaf\x27\x1c' '7z x -so'
refused rows.db 'SQLite format 3\x00' 'sqlite3'
refused utf16le.csv '\xff\xfea\x00,\x00b\x00\n\x00' 'iconv'
refused utf16be.csv '\xfe\xff\x00a\x00,\x00b\x00\n' 'iconv'

# An archive inside a compressed file, and what is compressed twice.
tar -cf rows.tar rows.csv
run import t.git t rows.tar; exits 11; says 'tar archive'
gzip -c rows.tar > rows.tgz
run import t.git t rows.tgz; exits 11; says 'tar archive'; counts 0
gzip -c rows.csv | gzip -c > twice.gz
run import t.git t twice.gz; exits 11; says 'gzip twice'; counts 0

# A name that says compressed and a content that is not: an empty one is a file that was lost on the way.
: > lost.csv.gz
run import t.git t lost.csv.gz; exits 12; says 'is not compressed'; counts 0
cp rows.csv plain.csv.GZ
run import t.git t plain.csv.GZ; exits 12; says 'another name'; counts 0
run sql t.git -c "COPY t FROM '$work/plain.csv.GZ' (FORMAT csv, HEADER)"; exits 12; counts 0

# What is no text is no header either, even if nothing follows it.
printf 'a\x00,\x00b\x00\n\x00' > no_mark.csv
run import t.git t no_mark.csv; exits 12; says 'header is not valid UTF-8'
printf '\xe9,b\n1,x\n' > latin1.csv
run import t.git t latin1.csv; exits 12; says 'header is not valid UTF-8'; counts 0

# A byte-order mark of UTF-8 is part of the header, which nobody reads; without one it is data, as PostgreSQL has it.
printf '\xef\xbb\xbfa,b\n1,one\n' > mark.csv
run import t.git t mark.csv; exits 0; counts 1; empty
run import t.git t mark.csv --no-header; exits 12; says '22P02'; counts 0

# Nothing, a folder, a pipe.
: > nothing.csv
run import t.git t nothing.csv; exits 0; prints 'COPY 0'
run import t.git t .; exits 10; says 'is a directory'
mkfifo pipe
cat rows.csv > pipe &
run import t.git t pipe; exits 0; prints 'COPY 2'; counts 2; empty
gzip -c rows.csv > pipe &
run import t.git t pipe; exits 0; prints 'COPY 2'; counts 2

# A file that would say of itself that it is compressed is not written plain.
for name in out.csv.gz out.zst out.zip OUT.CSV.GZ out.Zst out.tgz out.TGZ out.bz2 out.tbz2 out.xz out.Z out.lzma out.tar out.7z; do
  run export t.git t $name; exits 11; says 'plain text'
  [[ ! -e $name ]] || fail "$name was made"
  run sql t.git -c "COPY t TO '$work/$name'"; exits 11; says 'plain text'
done
run export t.git t out.gzip.csv; exits 0
run export t.git t -; exits 0
printf '%s\n' "$out" | gzip -c > back.csv.gz
empty
run import t.git t back.csv.gz; exits 0; counts 2

finish
