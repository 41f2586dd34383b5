export const ARCHITECTURES = ["x64", "arm64"] as const;
/** As `process.arch` names them. */
export type Architecture = (typeof ARCHITECTURES)[number];

type Numbers = Record<Architecture, number>;

const both = (number: number): Numbers => ({ x64: number, arm64: number });
const each = (x64: number, arm64: number): Numbers => ({ x64, arm64 });

/**
 * What no command needs and every way out does: looking into other processes, kernel interfaces that get round the
 * filter, mounts and namespaces, keys, modules, clocks. Numbers from Linux' asm/unistd_64.h and asm-generic/unistd.h.
 */
export const REFUSED_SYSCALLS: Readonly<Record<string, Numbers | { x64: number }>> = {
  ptrace: each(101, 117),
  process_vm_readv: each(310, 270),
  process_vm_writev: each(311, 271),
  process_madvise: both(440),
  pidfd_getfd: both(438),
  kcmp: each(312, 272),

  io_uring_setup: both(425),
  io_uring_enter: both(426),
  io_uring_register: both(427),
  bpf: each(321, 280),
  perf_event_open: each(298, 241),
  userfaultfd: each(323, 282),
  fanotify_init: each(300, 262),

  add_key: each(248, 217),
  request_key: each(249, 218),
  keyctl: each(250, 219),

  mount: each(165, 40),
  umount2: each(166, 39),
  open_tree: both(428),
  open_tree_attr: both(467),
  move_mount: both(429),
  fsopen: both(430),
  fsconfig: both(431),
  fsmount: both(432),
  fspick: both(433),
  mount_setattr: both(442),
  pivot_root: each(155, 41),
  chroot: each(161, 51),
  name_to_handle_at: each(303, 264),
  open_by_handle_at: each(304, 265),
  quotactl: each(179, 60),
  quotactl_fd: both(443),
  swapon: each(167, 224),
  swapoff: each(168, 225),

  unshare: each(272, 97),
  setns: each(308, 268),
  sethostname: each(170, 161),
  setdomainname: each(171, 162),

  init_module: each(175, 105),
  finit_module: each(313, 273),
  delete_module: each(176, 106),
  kexec_load: each(246, 104),
  kexec_file_load: each(320, 294),
  reboot: each(169, 142),
  acct: each(163, 89),
  syslog: each(103, 116),
  vhangup: each(153, 58),
  settimeofday: each(164, 170),
  clock_settime: each(227, 112),
  clock_adjtime: each(305, 266),
  adjtimex: each(159, 171),
  iopl: { x64: 172 },
  ioperm: { x64: 173 },
};

/** Those whose arguments decide. */
export const JUDGED_SYSCALLS = {
  socket: each(41, 198),
  socketpair: each(53, 199),
  clone: each(56, 220),
  clone3: both(435),
} as const;

/** Those that set the mode of a file, and which argument is the mode. */
export const MODE_SYSCALLS: Readonly<Record<string, { numbers: Numbers | { x64: number }; mode: number }>> = {
  chmod: { numbers: { x64: 90 }, mode: 1 },
  fchmod: { numbers: each(91, 52), mode: 1 },
  fchmodat: { numbers: each(268, 53), mode: 2 },
  fchmodat2: { numbers: both(452), mode: 2 },
};
