import { describe, expect, test } from 'vitest';
import { editCmdline } from './cmdline.ts';

const PI =
  'console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait quiet';
const RUN_ONCE =
  'systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot systemd.run_failure_action=reboot systemd.unit=kernel-command-line.target';

describe('editCmdline', () => {
  test.each([
    { name: 'adds the memory cgroup', text: `${PI}\n`, edit: {}, want: `${PI} cgroup_enable=memory\n` },
    {
      name: 'adds the instance id',
      text: `${PI} resize\n`,
      edit: { instanceId: 'a' },
      want: `${PI} resize cgroup_enable=memory ds=nocloud;i=a\n`,
    },
    {
      name: 'replaces the instance id and keeps the seed',
      text: `${PI} ds=nocloud;s=file:///boot/firmware/;i=old\n`,
      edit: { instanceId: 'new' },
      want: `${PI} cgroup_enable=memory ds=nocloud;s=file:///boot/firmware/;i=new\n`,
    },
    {
      name: 'runs a script once, next to the init of the first boot',
      text: `${PI} init=/usr/lib/raspberrypi-sys-mods/firstboot\n`,
      edit: { runOnce: '/boot/firmware/firstrun.sh' },
      want: `${PI} init=/usr/lib/raspberrypi-sys-mods/firstboot cgroup_enable=memory ${RUN_ONCE}\n`,
    },
    {
      name: 'drops what would contradict it',
      text: `${PI} cgroup_disable=memory cgroup_enable=cpuset cfg80211.ieee80211_regdom=GB`,
      edit: { wifiCountry: 'DE' },
      want: `${PI} cgroup_enable=cpuset cgroup_enable=memory cfg80211.ieee80211_regdom=DE\n`,
    },
    {
      name: 'keeps quoted values whole, and only the line that the firmware reads',
      text: '\r\n  a="b c"  d \r\nignored\n',
      edit: {},
      want: 'a="b c" d cgroup_enable=memory\n',
    },
  ])('$name', ({ text, edit, want }) => {
    expect(editCmdline(text, edit)).toBe(want);
    expect(editCmdline(want, edit)).toBe(want);
  });
});
