import { Doubt, quoted } from "./doubt.ts";
import { files, type Program } from "./program.ts";

/** Lines by number, of these forms: `10p`, `1,40p`, `5,$p`, `3p;7,9p`, `20q`. Everything else sed can do may write or run. */
const SED_SCRIPT = /^(?:(?:\d+|\$)(?:,(?:\d+|\$))?p|\d+q)(?:; ?(?:(?:\d+|\$)(?:,(?:\d+|\$))?p|\d+q))*$/;

/** Only `sed -n SCRIPT FILE...`, in this order. */
export const sed: Program = {
  isFree: true,
  uses({ operands: [silent, script = "", ...paths] }) {
    if (silent !== "-n" || !SED_SCRIPT.test(script) || paths.some((path) => path.startsWith("-"))) {
      throw new Doubt("sed may write files and run programs, except in the form sed -n 1,40p FILE.");
    }
    return files({ options: [], operands: paths });
  },
};

const words = (text: string) => new Set(text.split(" "));

const FIND_WITHOUT_VALUE = words(
  "-empty -readable -writable -executable -true -false -nouser -nogroup -depth -d -xdev -mount -noleaf -daystart -P -print -print0 -ls -prune -quit -a -and -o -or -not ! ( ) ,",
);
const FIND_WITH_VALUE = words(
  "-name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -type -size -perm -user -group -links -inum -maxdepth -mindepth -printf -mtime -atime -ctime -mmin -amin -cmin",
);
const FIND_WITH_FILE = words("-newer -anewer -cnewer");
/** `-mtime -1`, `-perm -u+w`: another word with a dash may be an action, where a find does not know the test. */
const NOT_AN_ACTION = /^(?!-)|^-(?:\d|[ugoa]*[+=])/;

/** Tells names only. Of its many tests and actions, those that neither write nor run nor follow links. */
export const find: Program = {
  isFree: true,
  uses({ operands }) {
    const paths: string[] = [];
    const rest = [...operands];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (FIND_WITHOUT_VALUE.has(word)) continue;
      if (FIND_WITH_VALUE.has(word) || FIND_WITH_FILE.has(word)) {
        const value = rest.shift();
        if (value === undefined || !NOT_AN_ACTION.test(value)) {
          throw new Doubt(`find with nothing behind ${quoted(word)} is not looked into.`);
        }
        if (FIND_WITH_FILE.has(word)) paths.push(value);
      } else if (word.startsWith("-")) {
        throw new Doubt(`find with ${quoted(word)} is not known to only read.`);
      } else paths.push(word);
    }
    return { paths };
  },
};

/** Only questions about one file: others compare what the shell may take for code. */
export const test: Program = {
  isFree: true,
  uses({ operands: [question = "", path, ...rest] }) {
    if (!/^-[defhLrswx]$/.test(question) || path === undefined || rest.length > 0) {
      throw new Doubt("test is looked into only in the form test -f FILE.");
    }
    return { paths: [path] };
  },
};

/** `.scripts`, `.a[0].b`, `.[] | .name`, `keys`: jq filters that can neither read files nor the environment. */
const JQ_STEP = String.raw`(?:\.(?:\[(?:-?\d+|"[^"\\]*")?\]|[A-Za-z_]\w*|"[^"\\]*")?\??(?:\[(?:-?\d+|"[^"\\]*")?\]\??|\.[A-Za-z_]\w*\??)*|keys|length|type|to_entries)`;
const JQ_FILTER = new RegExp(`^ ?${JQ_STEP}(?: ?[|,] ?${JQ_STEP})* ?$`);

export const jq: Program = {
  flags:
    "aCcejMrSs --ascii-output --color-output --compact-output --exit-status --join-output --monochrome-output --raw-output --slurp --sort-keys --tab",
  uses({ operands: [filter = "", ...paths] }) {
    if (!JQ_FILTER.test(filter)) throw new Doubt(`The jq filter ${quoted(filter)} is not looked into.`);
    return files({ options: [], operands: paths });
  },
};
