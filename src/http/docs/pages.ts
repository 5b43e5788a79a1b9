/** The pages at `/docs`: the operations in Scalar's API reference, and the guide. Nothing in them is inline, nothing from elsewhere. */
import { marked } from 'marked';
import { GUIDE } from '../openapi/guide';

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%23075985%22/%3E%3Cpath d=%22M4 8h8M8 4v8%22 stroke=%22%23fff%22 stroke-width=%222%22/%3E%3C/svg%3E';

/** @param names the names under which scripts and styles are served */
export function referencePage(names: { reference: string; start: string; style: string }): string {
  return page(
    'API',
    names.style,
    `<div id="reference"></div>
<noscript><p>This page needs JavaScript. The same, for programs: <a href="/openapi.json">/openapi.json</a>.</p></noscript>
<script src="/docs/${names.reference}"></script>
<script src="/docs/${names.start}"></script>`,
  );
}

/** By the last part of their URL. */
export function guidePages(style: string): [slug: string, html: string][] {
  return GUIDE.map(({ slug, title, text }) => {
    const html = marked
      .parse(text(), { async: false })
      // A table or a long line scrolls by itself, and what scrolls can be reached with the keyboard.
      .replaceAll('<table>', '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>')
      .replaceAll('</table>', '</table></div>')
      .replaceAll('<pre>', '<pre tabindex="0">');
    return [
      slug,
      page(
        title,
        style,
        `<nav aria-label="Guide"><a href="/docs">Operations</a>${GUIDE.map((other) =>
          other.slug === slug
            ? `<a href="/docs/${slug}" aria-current="page">${title}</a>`
            : `<a href="/docs/${other.slug}">${other.title}</a>`,
        ).join('')}</nav>
<main class="guide"><h1>${title}</h1>
${html}</main>`,
      ),
    ];
  });
}

function page(title: string, style: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Provider Directory Gateway: ${title}</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/docs/${style}">
</head>
<body>
${body}
</body>
</html>
`;
}

/** Scalar's own calls home, its other products and its fonts are off; the key stays in the page. */
export const START = `Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
  withDefaultFonts: false,
  showDeveloperTools: 'never',
  hideClientButton: true,
  persistAuth: false,
  authentication: { preferredSecurityScheme: 'apiKey' },
  defaultOpenAllTags: true,
  hideModels: true,
  documentDownloadType: 'direct',
  featuredClients: ['shell/curl', 'js/fetch', 'python/requests', 'php/curl', 'csharp/httpclient', 'java/nethttp'],
  orderSchemaPropertiesBy: 'preserve',
});
`;

/** The reference: darker where Scalar's grey and colours are hard to read, and less space, so that the first operation is on the first screen. */
const REFERENCE_STYLE = `body.light-mode {
  --scalar-color-2: #505050; --scalar-color-3: #646464; --scalar-color-green: #04704c; --scalar-color-yellow: #7a5900;
  --scalar-color-orange: #a33a00; --scalar-color-red: #c20014; --scalar-color-blue: #075985;
}
body.dark-mode { --scalar-color-3: #a8a8a8; --scalar-color-red: #ff6b6b; }
main.references-rendered .section.section { padding-block: 28px; }
main.references-rendered .scalar-reference-intro-server, main.references-rendered .endpoints-card { display: none; }
`;

const GUIDE_STYLE = `body { margin: 0; }
nav, .guide { font: 16px/1.6 system-ui, sans-serif; color: #1b1b1b; max-width: 60rem; margin: 0 auto; padding: 0 16px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; padding-top: 16px; }
.guide a, nav a { color: #075985; }
nav a[aria-current] { color: inherit; text-decoration: none; font-weight: 600; }
.guide { padding-bottom: 48px; }
.guide code { font-size: 14px; background: #f1f3f5; padding: 1px 4px; }
.guide pre { background: #f1f3f5; padding: 12px; overflow-x: auto; }
.guide pre code { padding: 0; }
.wide { overflow-x: auto; }
.guide table { border-collapse: collapse; }
.guide th, .guide td { text-align: left; vertical-align: top; padding: 6px 16px 6px 0; border-bottom: 1px solid #d9dde1; }
`;

export const STYLE = REFERENCE_STYLE + GUIDE_STYLE;
