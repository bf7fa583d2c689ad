/** Edits of the kernel command line in `cmdline.txt`: one line, of which only the firmware's first counts. */

export type CmdlineEdit = {
  /** NoCloud instance id: without it in the command line cloud-init drops its cache at every boot. */
  readonly instanceId?: string;
  /** A script that systemd runs once instead of a normal boot, after which the device restarts. */
  readonly runOnce?: string;
  /** Regulatory domain of the Wi-Fi; without one Raspberry Pi OS keeps the radio off. */
  readonly wifiCountry?: string;
};

const RUN_ONCE = /^systemd\.(run|run_success_action|run_failure_action|unit)=/;

/**
 * The command line with what Pikelet needs; every other parameter stays, in its place. Editing twice equals the last edit.
 * The memory cgroup needs `cgroup_enable=memory` alone: Raspberry Pi's device tree says `cgroup_disable=memory` before it
 * (https://github.com/raspberrypi/linux/issues/6980).
 */
export function editCmdline(text: string, edit: CmdlineEdit): string {
  const line = text.split('\n').find(each => each.trim() !== '') ?? '';
  const words = line.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const seed = words.find(isNoCloud);
  const kept = words.filter(word => !isReplaced(word, edit));
  const added = ['cgroup_enable=memory'];
  if (edit.wifiCountry) added.push(`cfg80211.ieee80211_regdom=${edit.wifiCountry}`);
  if (edit.instanceId) added.push(noCloud(seed, edit.instanceId));
  if (edit.runOnce) {
    added.push(
      `systemd.run=${edit.runOnce}`,
      'systemd.run_success_action=reboot',
      // The default is to power off, and a device without a screen would then look dead.
      'systemd.run_failure_action=reboot',
      'systemd.unit=kernel-command-line.target',
    );
  }
  return `${[...kept, ...added].join(' ')}\n`;
}

function isReplaced(word: string, edit: CmdlineEdit): boolean {
  return (
    word === 'cgroup_enable=memory' ||
    word === 'cgroup_disable=memory' ||
    RUN_ONCE.test(word) ||
    (edit.instanceId !== undefined && isNoCloud(word)) ||
    (edit.wifiCountry !== undefined && word.startsWith('cfg80211.ieee80211_regdom='))
  );
}

function isNoCloud(word: string): boolean {
  return /^ds=nocloud(-net)?(;|$)/i.test(word);
}

/** Keeps a seed location that the image already names (`s=`), and replaces the instance id. */
function noCloud(old: string | undefined, instanceId: string): string {
  const parts = (old ?? 'ds=nocloud').split(';').filter(part => !/^(i|instance-id)=/.test(part));
  return [...parts, `i=${instanceId}`].join(';');
}
