/** `pikelet flash`: prepares an image or a card so that the device joins by itself at first boot. */
import type { Command } from 'commander';
import type { FlashOptions } from '../../deploy/flash/settings.ts';
import type { DeclareVerb } from '../verb.ts';

/**
 * What it does is loaded only when it runs. A fault ends the command by `Command.error`: exit code 2 for faulty options,
 * 1 for all else.
 */
export const declareFlash: DeclareVerb = (command, cli) => {
  command
    .option(
      '--image <file>',
      'Raspberry Pi OS, Ubuntu, Debian or DietPi image; .xz, .zst and .gz are expanded beside it',
    )
    .option('--output <file>', 'prepare this copy of the image instead of the image itself')
    .option(
      '--device <disk>',
      'write the image to this card, as in /dev/sdb; without --image it already holds one',
    )
    .option('--yes-i-mean <disk>', 'the same disk once more: everything on it is lost')
    .option('--master <url>', "the master's broker, as the device reaches it: mqtt://HOST:1883")
    .option('--token <token>', 'join token, from `pikelet token create`')
    .option('--name <name>', 'name of the node (default: pikelet-xxxx)')
    .option('--hostname <name>', "the device's own hostname (default: the node's name)")
    .option('--wifi <ssid>', 'Wi-Fi network, also as SSID:PASSWORD')
    .option('--wifi-password <password>', 'its password, or its key of 64 hex digits')
    .option('--wifi-country <code>', 'where the device is, as in DE: some radios stay off without it')
    .option('--ssh-key <file>', 'public keys that may log in by ssh')
    .option(
      '--node <archive>',
      'Node.js archive for the device, for images whose own Node.js is older than 20.19',
    )
    .option('--offline', 'the image holds Docker and Node.js: install nothing')
    .option('--dry-run', 'show the files and write nothing')
    .action(async (_options: FlashOptions, flashed: Command) => {
      const [{ flash }, { FlashError }, { randomBytes }] = await Promise.all([
        import('../../deploy/flash/flash.ts'),
        import('../../deploy/flash/flash-error.ts'),
        import('node:crypto'),
      ]);
      // With the globals: a program that knows --token itself takes it before this verb sees it.
      const options = flashed.optsWithGlobals<FlashOptions>();
      try {
        await flash(options, {
          project: cli.installDir,
          out: cli.out,
          say: cli.say,
          randomHex: digits => randomBytes(digits).toString('hex').slice(0, digits),
        });
      } catch (error) {
        if (!(error instanceof FlashError)) throw error;
        flashed.error(error.message.replaceAll(/^/gm, 'error: '), { exitCode: error.exitCode });
      }
    });
};
