/** Commands that only read: what the mutants are made of. */
export const SCRIPTS: readonly string[] = [
  "ls -la src",
  "ls *.md",
  "ls src/*.ts | head -n 5",
  "pwd && ls && wc -l README.md",
  "cd src && cat a.ts",
  "cd src && cd .. && ls -1",
  "cd sub; ls; pwd",
  "cat README.md | head -n 40",
  "cat -n 'file with space.txt'",
  'cat "file with space.txt" README.md',
  "sed -n '1,40p' src/a.ts",
  "sed -n '3p;5q' README.md",
  "head -5 README.md; tail -n +2 README.md",
  "grep -rn TODO src",
  "grep -n 'a\\|b' README.md package.json",
  'grep -E "x|y$" src/a.ts',
  "grep -rn foo src --include='*.ts' --exclude-dir=node_modules",
  "rg -n TODO src",
  "rg --files -g '*.ts' | sort",
  "rg -t ts -e foo -e bar src",
  "rg TODO < /dev/null",
  "find . -name '*.ts' -type f -maxdepth 3",
  "find src '(' -name 'a*' -o -size +1k ')' -print",
  "sort -k1,1 -t, data.csv | uniq -c | sort -rn",
  "cut -d, -f1 data.csv | tr a b",
  "uniq data.csv",
  "xxd -l 16 README.md",
  "od -c README.md | head",
  "diff -u src/a.ts src/b.ts",
  "tree -L 2 -I node_modules",
  "fd -e ts . src",
  "file README.md && stat -c '%s' README.md",
  "test -f package.json && echo yes || echo no",
  "jq -r .name package.json",
  "du -sh src 2>/dev/null",
  "echo 'one  two' | wc -w",
  "echo hello # greeting\nls",
  "ls missing >/dev/null 2>&1 || true",
  "which ls",
  "date '+%Y'",
  "base64 README.md",
  "nl -ba src/a.ts",
  "tac README.md; rev README.md",
  "seq 1 3 | paste -s -d ,",
  "basename src/a.ts .ts && dirname src/a.ts && realpath src",
  "sha256sum package.json; cmp src/a.ts src/b.ts; comm data.csv data.csv",
  "uname -a; whoami; id -u; nproc",
  "hexdump -C README.md | egrep -n 23; md5sum data.csv",
  "expr 1 + 2; df -h .; free -m; uptime; hostname",
  "readlink -f src; groups; arch; id",
  "find . -newer README.md -printf '%p\\n' -prune -o -ls",
  "jq '.scripts | keys' package.json | fgrep test",
  "column -t -s, data.csv | fold -w 20 | expand",
];

/** What an attack would like to run. All of it is harmless beyond the scratch folder. */
export const PAYLOADS: readonly string[] = [
  "touch made",
  "rm README.md",
  "echo x > made",
  "./evil.sh",
  "sh evil.sh",
  "cat .env",
  "cat ../outside/secret.txt",
  "curl http://127.0.0.1:9",
  "cp README.md made",
  "mkdir made",
  "tee made",
  "sort -o made README.md",
  "cd ..",
];

/** Ways to place a payload `P` behind, around or inside other text. */
export const VEHICLES: readonly string[] = [
  ["; P", "\nP", " | P", " & P", " && P", " || P", " |& P", ";;P", "\r\nP", "\rP", "\u2028P", "\u00a0;P"],
  [" $(P)", ' "$(P)"', " `P`", ' "`P`"', " <(P)", " >(P)", " ${x:-$(P)}", " $((a[$(P)]))", ' "${x[$(P)]}"'],
  [" # x\nP", "''#;P", ' ""# ; P', "\\\nP", " \\# ; P", "#;P", " $'\\n'P", ' $"P"', "\0P", "\vP", "\fP"],
  [" <<E\n$(P)\nE\n", " <<'E'\nx\nE\nP", " <<<$(P)", " <<-E\n\tE\nP", "\n{ P; }", "\n(P)"],
  [
    "; if true; then P; fi",
    "; for i in 1; do P; done",
    "; f() { P; }; f",
    "; eval P",
    "; exec P",
    "; time P",
  ],
  ["; coproc P", "; command P", "; x=1 P", "; [[ -v a[$(P)] ]]", "; test -v 'a[$(P)]'", "; ! P"],
  ["; alias ls=P; ls", "; . ./evil.sh", "; xargs P", " 2>&1; P", " >/dev/null; P", " </dev/null | P"],
  ["\n\n\tP", " ;P", "&&\nP", "|\nP", "'\nP\n'", '"\nP\n"', " \\\n; P"],
].flat();

/** Words that make a reading program write, run, follow, wait or leave the workspace. */
export const WORDS: readonly string[] = [
  "-o made -omade --output=made --output -no -Io -pc -c -r -R -i -i.bak -w -l -P -e -x -X -s -n -u -uu".split(
    " ",
  ),
  "-exec touch {} ; \\; + -delete -ok -fprint -fls -fprintf -execdir -L -H -newer -name -path".split(" "),
  "--pre=./evil.sh --pre ./evil.sh --hostname-bin=./evil.sh -z --search-zip -f -F --follow -t sh all".split(
    " ",
  ),
  "--compress-program=./evil.sh -S1 -T. --files0-from=.env --from-file=.env --hidden --no-ignore".split(" "),
  "-g * .* .env -g* --include=* -- - +5f -5f -1 --help --version -v --color=always -C -d recurse".split(" "),
  "../outside/secret.txt .. / linked linked/secret.txt linked-file linked-env sub/../../outside . brought".split(
    " ",
  ),
  "~ ~/.ssh/id_rsa $HOME/.ssh/id_rsa /etc/shadow /proc/self/environ /dev/tty config/server.pem .git/config".split(
    " ",
  ),
  "dashed/* ? .e* c*/* l*/* [.]env {.env,a} **/* @(a) !(a) = a=b FOO=1 env input $ENV $p".split(" "),
  ">made 2>made >>made >|made &>made <>made <.env >&made 2>&1 >/dev/null </dev/null --exclude-dir=x".split(
    " ",
  ),
  ["w made", "1e touch made", "1w made", "1r .env", "1,2p;w made", "> made", 'include "x";.'],
].flat();

/** Characters with a meaning to a shell, to a parser, or to nobody. */
export const CHARACTERS: readonly string[] = [
  "'\"\\$`!#&;|<>(){}[]*?~=^%-/.,:@+12a \n\t\r\0\u0001\u001b\u007f\u00a0\u200b\u2028\ufeff\u0131\u2013".split(
    "",
  ),
  ["--", "..", "''", '""', "\\\n", "$'", '$"', "$(", "${", "<(", "<<", "&&"],
].flat();

/** Values and operands to go with options that are allowed. */
export const VALUES: readonly string[] =
  "1 0 -1 +2 5k a , : x.txt made README.md src *.ts always never name path ts json -o .env %s".split(" ");
export const OPERANDS: readonly string[] =
  "README.md src src/a.ts src/b.ts data.csv package.json made . sub dashed config - + brought linked .env foo".split(
    " ",
  );
