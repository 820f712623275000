/**
 * The part of the schema that says which other machines there are and how each is reached. Only the file can say
 * it: no variable, no flag, and no caller ever names an address.
 */
import * as z from 'zod';

/** This machine, where a caller wants to name it. */
export const LOCAL = 'local';

const word = () =>
  z
    .string()
    .min(1)
    .regex(/^[^\0\n]*$/, 'must not contain NUL or a newline');

/** `user@build`, `build` or `ssh://user@build:2222`; never something that ssh would take for an option. */
const destination = () =>
  z.string().regex(/^[^-\s\0][^\s\0]*$/, 'must be a destination such as user@build, not beginning with "-"');

const sessionPatterns = () => z.array(z.string().min(1, 'an empty entry matches no session; remove it'));

const HostSchema = z
  .strictObject({
    /** A destination, or one with further arguments of ssh's such as `["-p", "2222"]`. */
    ssh: z
      .union([
        destination(),
        z.strictObject({ destination: destination(), args: z.array(word()).default([]) }),
      ])
      .transform((ssh) => (typeof ssh === 'string' ? { destination: ssh, args: [] } : ssh))
      .optional(),
    /** A program and its arguments that runs the words that follow them on the host: `["docker", "exec", "-i", "box"]`. */
    command: z.array(word()).min(1, 'must name a program').optional(),
    write_enabled: z.boolean().default(true),
    allowed_sessions: sessionPatterns().default([]),
    read_only_sessions: sessionPatterns().default([]),
    tmux: z
      .strictObject({
        /** Where tmux is over there, if not on PATH. */
        program: z.string().min(1).default('tmux'),
        socket_name: z
          .string()
          .regex(/^[^/\0]+$/, 'must be a plain name without "/"; use tmux.socket_path for a path')
          .nullable()
          .default(null),
        socket_path: z
          .string()
          .regex(/^\/[^\0]*$/, 'must be an absolute path on the host')
          .nullable()
          .default(null),
      })
      .prefault({}),
  })
  .refine((host) => (host.ssh === undefined) !== (host.command === undefined), {
    message: 'needs either "ssh" or "command", and not both',
  });

export const HostsSchema = z.record(
  z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'a host is named by letters, digits, "_", "." and "-"')
    .refine((name) => name !== LOCAL, `"${LOCAL}" is this machine`),
  HostSchema,
);

/** One host, as the file says it. */
export type HostConfig = z.output<typeof HostSchema>;
