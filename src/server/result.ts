/** A tool's result as it goes over the wire. */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { ToolResult } from '../tools/toolbox.js';

/** Some clients read `structuredContent` alone, others the text alone: each gets all of it. */
export function callResult({ structured, text, isError, links = [] }: ToolResult): CallToolResult {
  return {
    content: [{ type: 'text', text }, ...links.map((link) => ({ type: 'resource_link' as const, ...link }))],
    ...(structured && { structuredContent: structured }),
    ...(isError && { isError }),
  };
}
